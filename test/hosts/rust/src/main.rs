//! Drives engine.wasm from Rust, through wasmtime: dumpfiles and layers in, digests out.
//!
//! Follows build/abi.md, from which the numbers are copied; ../README.md has the form of jobs and answers.
//!
//!     composefs-wasm-host ENGINE < JOBS > ANSWERS

use std::fs::File;
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Read};

use wasmtime::{Engine, Error, Instance, Memory, Module, Store, Val, bail};

const ABI_VERSION: i32 = 2;
const INPUT_WINDOW_BYTES: u64 = 1 << 20;
const CONTROL_LAYER_TAKEN: usize = 144;
const ERROR_FIELD: usize = 4;
const ERROR_LINE: usize = 16;
const LAYER_BOTH_HASHES: i32 = 1 | 2;
const BLOCK_BITS: i32 = 12;
/// Name, algorithm, flag of `mergeBegin`.
const HASHES: [(&str, i32, i32); 2] = [("sha256", 1, 0), ("sha512", 2, 1)];

/// What a call can come to. After a trap, an `Error` of wasmtime, an instance must not be used any more.
enum Failure {
    Refused(String),
    Other(Error),
}

impl<E: Into<Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Failure::Other(error.into())
    }
}

type Outcome<T> = Result<T, Failure>;

/// An instance of the engine.
struct Host {
    store: Store<()>,
    instance: Instance,
    memory: Memory,
}

impl Host {
    fn new(path: &str) -> Result<Self, Error> {
        let engine = Engine::default();
        let module = Module::from_file(&engine, path)?;
        let mut store = Store::new(&engine, ());
        let instance = Instance::new(&mut store, &module, &[])?;
        let memory = instance
            .get_memory(&mut store, "memory")
            .expect("the engine exports its memory");
        let mut host = Host {
            store,
            instance,
            memory,
        };
        match host.call("abiVersion", &[])? {
            ABI_VERSION => Ok(host),
            version => bail!("engine.wasm has version {version} of the ABI"),
        }
    }

    fn call(&mut self, name: &str, numbers: &[i32]) -> Result<i32, Error> {
        let function = self
            .instance
            .get_func(&mut self.store, name)
            .expect("the ABI has this function");
        let numbers: Vec<Val> = numbers.iter().map(|&number| Val::I32(number)).collect();
        let mut results = vec![Val::I32(0); function.ty(&self.store).results().len()];
        function.call(&mut self.store, &numbers, &mut results)?;
        Ok(results.first().map_or(0, Val::unwrap_i32))
    }

    /// Calls what gives an address: those above 2^31 come signed.
    fn address(&mut self, name: &str) -> Result<usize, Error> {
        Ok(self.call(name, &[])? as u32 as usize)
    }

    /// Calls what gives a status.
    fn check(&mut self, name: &str, numbers: &[i32]) -> Outcome<()> {
        match self.call(name, numbers)? {
            0 => Ok(()),
            status => Err(self.refusal(status)?),
        }
    }

    /// Calls what gives a number, or a status, negated.
    fn length(&mut self, name: &str, numbers: &[i32]) -> Outcome<i32> {
        match self.call(name, numbers)? {
            status if status < 0 => Err(self.refusal(-status)?),
            length => Ok(length),
        }
    }

    fn refusal(&mut self, status: i32) -> Result<Failure, Error> {
        let record = self.address("errorPtr")?;
        let line = u64::from_le_bytes(self.bytes(record + ERROR_LINE));
        let field = u32::from_le_bytes(self.bytes(record + ERROR_FIELD));
        Ok(Failure::Refused(format!("refused:{status}:{line}:{field}")))
    }

    fn bytes<const N: usize>(&self, address: usize) -> [u8; N] {
        self.memory.data(&self.store)[address..][..N]
            .try_into()
            .expect("N bytes")
    }

    /// Copies bytes out of memory, which the next call may change.
    fn read(&mut self, address: &str, length: i32) -> Result<Vec<u8>, Error> {
        let address = self.address(address)?;
        Ok(self.memory.data(&self.store)[address..][..length as usize].to_vec())
    }

    /// Copies bytes to the input window and gives their number.
    fn write(&mut self, bytes: &[u8]) -> Result<i32, Error> {
        let address = self.address("inputPtr")?;
        self.memory.write(&mut self.store, address, bytes)?;
        Ok(bytes.len() as i32)
    }

    fn reset(&mut self) -> Result<i32, Error> {
        let seed = RandomState::new().hash_one(0);
        self.call("reset", &[seed as i32, (seed >> 32) as i32])
    }

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
                let control = self.address("controlPtr")?;
                from += u64::from_le_bytes(self.bytes(control + CONTROL_LAYER_TAKEN)) as i32;
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
