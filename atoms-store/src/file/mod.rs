//! The file: who may write it, its schema, and the threads that read and write it.

mod batch;
mod board;
mod failed;
mod lease;
mod load;
mod lock;
mod open;
mod thread;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::Builder;

use atoms_runtime::{AnyEvent, StoreError, StoreErrorKind, StoredEvents};
use rusqlite::Connection;

pub(crate) use self::batch::Batch;
pub(crate) use self::board::{Board, Ready};
pub use self::failed::OpenError;
pub(crate) use self::failed::{Failed, unreadable};
pub(crate) use self::lease::Lease;
pub(crate) use self::load::{Limits, Load, Room, load, next};
use self::lock::{Lock, real_path};
pub(crate) use self::open::connect_outside;
use self::open::{Access, connect};
pub(crate) use self::thread::{Durability, Job, gone};
use self::thread::{Jobs, Order};
use self::writer::Writer;

/// An open file.
#[derive(Debug)]
pub(crate) struct File {
    path: PathBuf,
    writer: Jobs,
    reader: Jobs,
    pub(crate) board: Arc<Board>,
    /// The events of the bus that has the store.
    events: Mutex<Option<StoredEvents>>,
}

impl File {
    /// Opens a file, and looks into it for the first time.
    pub(crate) fn open<T>(
        path: &Path,
        max_bytes: Option<u64>,
        look: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<(Self, T), OpenError> {
        let path = &real_path(path)?;
        let lock = Lock::of(path)?;
        let writes = open::open(path, max_bytes)?;
        let reads = connect(path, Access::Read).map_err(|error| OpenError::of(path, error))?;
        let seen = look(&writes).map_err(|error| OpenError::of(path, error))?;
        let board = Arc::new(Board::default());
        let work = Writer::new(writes, Arc::clone(&board));
        let spawn = |name: &str, work: Box<dyn FnOnce(mpsc::Receiver<Order>) + Send>| {
            let (jobs, queue) = Jobs::queue();
            let spawned = Builder::new().name(name.into()).spawn(move || work(queue));
            spawned.map(|_| jobs).map_err(|error| OpenError::of_io(path, error))
        };
        let write = move |jobs| {
            work.work(&jobs);
            // The file is closed before the lock is released.
            drop(lock);
        };
        let writer = spawn("atoms-store-w", Box::new(write))?;
        let reader = spawn("atoms-store-r", Box::new(move |jobs| thread::read(&reads, &jobs)))?;
        Ok((Self { path: path.clone(), writer, reader, board, events: Mutex::default() }, seen))
    }

    /// Runs a job that changes the file, and holds so many bytes.
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        durability: Durability,
        bytes: usize,
        job: impl FnMut(&Batch<'_>) -> Result<T, Failed> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.writer.run(durability, bytes, job, |done| done).await
    }

    /// The same. After the commit it calls `committed`, also if nothing waits for the result any more.
    pub(crate) async fn write_then<T: Send + 'static, U: Send + 'static>(
        &self,
        durability: Durability,
        bytes: usize,
        job: impl FnMut(&Batch<'_>) -> Result<T, Failed> + Send + 'static,
        committed: impl FnOnce(T) -> U + Send + 'static,
    ) -> Result<U, StoreError> {
        self.writer.run(durability, bytes, job, committed).await
    }

    /// Waits for room, and lets the thread that writes run a job that tells by itself what becomes of it.
    pub(crate) async fn send(&self, durability: Durability, job: Box<dyn Job>) -> Result<(), StoreError> {
        self.writer.send(durability, 0, job).await
    }

    /// The same, if there is room now; returns whether there was.
    pub(crate) fn try_send(&self, durability: Durability, job: Box<dyn Job>) -> bool {
        self.writer.try_send(durability, job)
    }

    /// Waits for the connection that writes, on which a transaction has begun.
    pub(crate) async fn lend(&self) -> Result<Lease, StoreError> {
        self.writer.lend().await
    }

    /// Runs a job that only reads the file.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        mut job: impl FnMut(&Connection) -> Result<T, Failed> + Send + 'static,
    ) -> Result<T, StoreError> {
        let job = move |batch: &Batch<'_>| job(batch);
        self.reader.run(Durability::Process, 0, job, |done| done).await
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether this is a connection to the file.
    pub(crate) fn is_of(&self, connection: &Connection) -> bool {
        connection.path().is_some_and(|path| real_path(path.as_ref()).is_ok_and(|path| path == self.path))
    }

    pub(crate) fn start(&self, events: StoredEvents) {
        *self.events.lock().unwrap_or_else(PoisonError::into_inner) = Some(events);
    }

    fn events(&self) -> Result<StoredEvents, StoreError> {
        let events = self.events.lock().unwrap_or_else(PoisonError::into_inner).clone();
        events
            .ok_or_else(|| StoreError::new(StoreErrorKind::Unavailable, "no bus has started with the store"))
    }

    pub(crate) fn write_event(&self, event: &AnyEvent) -> Result<Vec<u8>, StoreError> {
        self.events()?.write(event)
    }

    pub(crate) fn read_event(&self, frame: &[u8]) -> Result<AnyEvent, StoreError> {
        self.events()?.read(frame)
    }
}
