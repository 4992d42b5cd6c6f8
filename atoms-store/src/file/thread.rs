//! The threads that read and write the file, for tasks that wait for them.

use std::fmt;
use std::sync::{Arc, mpsc};

use atoms_runtime::{StoreError, StoreErrorKind};
use rusqlite::Connection;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use super::batch::Batch;
use super::failed::Failed;
use super::lease::{Ask, Lease};

/// How many jobs may wait for a thread.
const JOBS: usize = 4_096;

/// How many bytes one share stands for. Each job takes at least one share.
const SHARE: usize = 16 * 1024;

/// What a commit survives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Durability {
    /// It survives the process, but may be lost if the power fails. It is for state that can be found out again.
    Process,
    /// It survives a power failure as well.
    Disk,
}

/// A job on the file, in a transaction that may be repeated.
pub(crate) trait Job: Send {
    /// Runs the job. A job that is refused has changed nothing.
    fn run(&mut self, batch: &Batch<'_>) -> Result<(), Failed>;

    /// Reports the outcome.
    fn end(self: Box<Self>, committed: Result<(), StoreError>);
}

/// A job in the queue of a thread, with its room there.
pub(crate) struct Queued {
    pub(crate) job: Box<dyn Job>,
    pub(crate) durability: Durability,
    pub(crate) room: OwnedSemaphorePermit,
}

/// An order for a thread.
pub(crate) enum Order {
    Job(Queued),
    /// Lend its connection, when there is room in the queue.
    Lend(Ask, OwnedSemaphorePermit),
}

/// The sender of jobs for a thread. The thread ends when all senders are gone.
#[derive(Clone)]
pub(crate) struct Jobs {
    queue: mpsc::Sender<Order>,
    room: Arc<Semaphore>,
}

impl Jobs {
    /// Creates a queue for 4,096 jobs, of 64 MiB together, and returns both of its ends.
    pub(crate) fn queue() -> (Self, mpsc::Receiver<Order>) {
        let (queue, jobs) = mpsc::channel();
        (Self { queue, room: Arc::new(Semaphore::new(JOBS)) }, jobs)
    }

    /// Waits for room in the queue, and until the job, which holds so many bytes, is done and committed. Then calls `committed`
    /// with its result, also if nothing waits for it any more.
    ///
    /// If this is dropped, the job may be done or not.
    pub(crate) async fn run<T: Send + 'static, U: Send + 'static>(
        &self,
        durability: Durability,
        bytes: usize,
        job: impl FnMut(&Batch<'_>) -> Result<T, Failed> + Send + 'static,
        committed: impl FnOnce(T) -> U + Send + 'static,
    ) -> Result<U, StoreError> {
        let (reply, done) = oneshot::channel();
        let job = Box::new(Call { job, value: Err(gone()), committed, reply });
        self.send(durability, bytes, job).await?;
        done.await.map_err(|_| gone())?
    }

    /// Waits for room in the queue, and puts a job there that tells by itself what becomes of it.
    pub(crate) async fn send(
        &self,
        durability: Durability,
        bytes: usize,
        job: Box<dyn Job>,
    ) -> Result<(), StoreError> {
        let shares = (bytes / SHARE + 1).min(JOBS) as u32;
        let room = Arc::clone(&self.room).acquire_many_owned(shares).await.map_err(|_| gone())?;
        self.queue.send(Order::Job(Queued { job, durability, room })).map_err(|_| gone())
    }

    /// Puts a job into the queue if there is room, and returns whether there was.
    pub(crate) fn try_send(&self, durability: Durability, job: Box<dyn Job>) -> bool {
        let room = Arc::clone(&self.room).try_acquire_owned();
        room.is_ok_and(|room| self.queue.send(Order::Job(Queued { job, durability, room })).is_ok())
    }

    /// Waits for the connection of the thread, on which a transaction has begun.
    pub(crate) async fn lend(&self) -> Result<Lease, StoreError> {
        let room = Arc::clone(&self.room).acquire_owned().await.map_err(|_| gone())?;
        let (ask, lent) = oneshot::channel();
        self.queue.send(Order::Lend(ask, room)).map_err(|_| gone())?;
        lent.await.map_err(|_| gone())?
    }
}

impl fmt::Debug for Jobs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Jobs").finish_non_exhaustive()
    }
}

pub(crate) fn gone() -> StoreError {
    StoreError::new(StoreErrorKind::Unavailable, "the thread of the store has ended")
}

struct Call<T, U, F, C> {
    job: F,
    value: Result<T, StoreError>,
    committed: C,
    reply: oneshot::Sender<Result<U, StoreError>>,
}

impl<T, U, F, C> Job for Call<T, U, F, C>
where
    T: Send,
    U: Send,
    F: FnMut(&Batch<'_>) -> Result<T, Failed> + Send,
    C: FnOnce(T) -> U + Send,
{
    fn run(&mut self, batch: &Batch<'_>) -> Result<(), Failed> {
        if self.reply.is_closed() {
            // Nothing waits for it any more.
            return Ok(());
        }
        self.value = match (self.job)(batch) {
            Ok(value) => Ok(value),
            Err(Failed::Refused(error)) => Err(error),
            Err(failed) => return Err(failed),
        };
        Ok(())
    }

    fn end(self: Box<Self>, committed: Result<(), StoreError>) {
        let value = committed.and(self.value).map(self.committed);
        // It may be that nothing waits for it any more.
        let _ = self.reply.send(value);
    }
}

/// Runs jobs that only read, one after the other, until all senders are gone.
pub(crate) fn read(connection: &Connection, jobs: &mpsc::Receiver<Order>) {
    while let Ok(order) = jobs.recv() {
        let Order::Job(Queued { mut job, .. }) = order else { continue };
        let done = job.run(&Batch::new(connection)).map_err(StoreError::from);
        job.end(done);
    }
}
