//! An instance of engine.wasm and its calls.

use std::hash::{BuildHasher, RandomState};

use wasmtime::{Engine, Error, Instance, Memory, Module, Store, Val, bail};

const ABI_VERSION: i32 = 2;
pub const INPUT_WINDOW_BYTES: u64 = 1 << 20;
const CONTROL_LAYER_TAKEN: usize = 144;
const ERROR_FIELD: usize = 4;
const ERROR_LINE: usize = 16;

/// What a call can come to. After a trap, an `Error` of wasmtime, an instance must not be used any more.
pub enum Failure {
    Refused(String),
    Other(Error),
}

impl<E: Into<Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Failure::Other(error.into())
    }
}

pub type Outcome<T> = Result<T, Failure>;

/// An instance of the engine.
pub struct Host {
    store: Store<()>,
    instance: Instance,
    memory: Memory,
}

impl Host {
    pub fn new(path: &str) -> Result<Self, Error> {
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
    pub fn check(&mut self, name: &str, numbers: &[i32]) -> Outcome<()> {
        match self.call(name, numbers)? {
            0 => Ok(()),
            status => Err(self.refusal(status)?),
        }
    }

    /// Calls what gives a number, or a status, negated.
    pub fn length(&mut self, name: &str, numbers: &[i32]) -> Outcome<i32> {
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
    pub fn read(&mut self, address: &str, length: i32) -> Result<Vec<u8>, Error> {
        let address = self.address(address)?;
        Ok(self.memory.data(&self.store)[address..][..length as usize].to_vec())
    }

    /// Copies bytes to the input window and gives their number.
    pub fn write(&mut self, bytes: &[u8]) -> Result<i32, Error> {
        let address = self.address("inputPtr")?;
        self.memory.write(&mut self.store, address, bytes)?;
        Ok(bytes.len() as i32)
    }

    /// How many bytes the last `layerWrite` took.
    pub fn layer_taken(&mut self) -> Result<i32, Error> {
        let control = self.address("controlPtr")?;
        Ok(u64::from_le_bytes(self.bytes(control + CONTROL_LAYER_TAKEN)) as i32)
    }

    /// Begins a job.
    pub fn reset(&mut self) -> Result<i32, Error> {
        let seed = RandomState::new().hash_one(0);
        self.call("reset", &[seed as i32, (seed >> 32) as i32])
    }
}
