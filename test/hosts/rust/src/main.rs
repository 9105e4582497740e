//! Drives engine.wasm from Rust, through wasmtime: dumpfiles and layers in, digests out.
//!
//! Follows build/abi.md, from which the numbers are copied; ../README.md has the form of jobs and answers. The calls are in
//! engine.rs, what they make together here.
//!
//!     composefs-wasm-host ENGINE < JOBS > ANSWERS

mod engine;

use std::fs::File;
use std::io::{self, Read};

use engine::{Failure, Host, INPUT_WINDOW_BYTES, Outcome};
use wasmtime::Error;

const LAYER_BOTH_HASHES: i32 = 1 | 2;
const BLOCK_BITS: i32 = 12;
/// Name, algorithm, flag of `mergeBegin`.
const HASHES: [(&str, i32, i32); 2] = [("sha256", 1, 0), ("sha512", 2, 1)];

impl Host {
    fn read_dump(&mut self, path: &str) -> Outcome<()> {
        self.reset()?;
        self.check("dumpBegin", &[0])?;
        let mut file = File::open(path)?;
        while let Some(piece) = next_piece(&mut file)? {
            let length = self.write(&piece)?;
            self.check("dumpWrite", &[length])?;
        }
        self.check("dumpEnd", &[])
    }

    /// The records of a layer, in pieces that `mergeWrite` takes as they are.
    fn read_layer(&mut self, path: &str) -> Outcome<Vec<Vec<u8>>> {
        let mut records = Vec::new();
        self.reset()?;
        self.check("layerBegin", &[LAYER_BOTH_HASHES])?;
        let mut file = File::open(path)?;
        while let Some(piece) = next_piece(&mut file)? {
            let length = self.write(&piece)?;
            let mut from = 0;
            while from < length {
                let bytes = self.length("layerWrite", &[from, length - from])?;
                records.push(self.read("outputPtr", bytes)?);
                from += self.layer_taken()?;
            }
        }
        self.check("layerEnd", &[])?;
        Ok(records)
    }

    /// Makes one tree of layers, base first.
    fn merge(&mut self, layers: &[Vec<Vec<u8>>], flags: i32) -> Outcome<()> {
        self.reset()?;
        self.check("mergeBegin", &[flags])?;
        for records in layers {
            self.check("mergeLayer", &[])?;
            for piece in records {
                let length = self.write(piece)?;
                self.check("mergeWrite", &[length])?;
            }
        }
        self.check("mergeEnd", &[])
    }

    /// Writes an image of the tree in each format, for its digests alone: a verity slot for each hash.
    fn image_digests(&mut self, hashes: &[(&str, i32, i32)]) -> Outcome<Vec<String>> {
        let mut answers = Vec::new();
        for format in 0..=2 {
            match self.check("imageOpen", &[format]) {
                Err(Failure::Refused(refusal)) => {
                    answers.push(format!("v{format}:{refusal}"));
                    continue;
                }
                outcome => outcome?,
            }
            for (slot, (_, algorithm, _)) in (0..).zip(hashes) {
                self.check("verityOpen", &[slot, *algorithm, BLOCK_BITS, 0])?;
            }
            while self.length("imageRead", &[(1 << hashes.len()) - 1])? > 0 {}
            for (slot, (name, _, _)) in (0..).zip(hashes) {
                let length = self.length("verityClose", &[slot])?;
                let digest: String = self
                    .read("digestPtr", length)?
                    .iter()
                    .map(|byte| format!("{byte:02x}"))
                    .collect();
                answers.push(format!("v{format}-{name}-{BLOCK_BITS}:{digest}"));
            }
        }
        Ok(answers)
    }

    /// Does a job: `dump FILE` or `layers FLAGS FILE…`.
    fn answer(&mut self, job: &str) -> Outcome<Vec<String>> {
        match job.split(' ').collect::<Vec<_>>()[..] {
            ["dump", file] => {
                self.read_dump(file)?;
                self.image_digests(&HASHES)
            }
            ["layers", flags, ref files @ ..] => {
                let layers = files
                    .iter()
                    .map(|file| self.read_layer(file))
                    .collect::<Outcome<Vec<_>>>()?;
                let flags: i32 = flags.parse()?;
                let mut answers = Vec::new();
                for hash in HASHES {
                    self.merge(&layers, flags | hash.2)?;
                    answers.extend(self.image_digests(&[hash])?);
                }
                Ok(answers)
            }
            _ => Err(Error::msg(format!("not a job: {job}")))?,
        }
    }
}

/// The next piece of a file that the input window can hold, `None` at its end.
fn next_piece(file: &mut File) -> io::Result<Option<Vec<u8>>> {
    let mut piece = Vec::new();
    file.take(INPUT_WINDOW_BYTES).read_to_end(&mut piece)?;
    Ok((!piece.is_empty()).then_some(piece))
}

fn main() -> Result<(), Error> {
    let path = std::env::args()
        .nth(1)
        .ok_or_else(|| Error::msg("usage: composefs-wasm-host ENGINE < JOBS > ANSWERS"))?;
    let mut host = Host::new(&path)?;
    for job in io::stdin().lines() {
        let job = job?;
        let answers = match host.answer(&job) {
            Ok(answers) => answers,
            Err(Failure::Refused(refusal)) => vec![refusal],
            Err(Failure::Other(error)) => return Err(error),
        };
        for answer in answers {
            println!("{answer}  {job}");
        }
    }
    Ok(())
}
