//! The one thread that writes.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use atoms_runtime::{LogLimit, StoreError};
use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::board::Board;
use super::failed::{Failed, store_error};
use super::thread::{Durability, Job, Queued};

/// How many jobs share a commit at most.
const GROUP: usize = 512;

/// How often to look whether somebody else has changed the file.
const LOOK: Duration = Duration::from_millis(50);

/// A file that fails, fails each time.
static FAILED: LogLimit = LogLimit::new(10, "more failures to look into the store");

pub(crate) struct Writer {
    connection: Connection,
    board: Arc<Board>,
    durability: Durability,
    /// By this SQLite says whether others have changed the file.
    seen: Option<i64>,
}

impl Writer {
    pub(crate) fn new(connection: Connection, board: Arc<Board>) -> Self {
        let mut writer = Self { connection, board, durability: Durability::Disk, seen: None };
        writer.look();
        writer
    }

    /// Does jobs until there are no more to come: all that wait share a commit.
    pub(crate) fn work(mut self, jobs: &Receiver<Queued>) {
        loop {
            match jobs.recv_timeout(LOOK) {
                Ok(first) => {
                    let group = [first].into_iter().chain(jobs.try_iter()).take(GROUP);
                    self.commit(group.collect());
                }
                Err(RecvTimeoutError::Timeout) if self.has_changed() => self.look(),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    /// Does jobs in one transaction. If the file fails under one of them, each has one of its own: what is too large for
    /// the disk must not fail others.
    fn commit(&mut self, group: Vec<Queued>) {
        let durability = group.iter().map(|queued| queued.durability).max().unwrap_or(Durability::Disk);
        let mut jobs: Vec<_> = group.into_iter().map(|Queued { job, room, .. }| (job, room)).collect();
        let done = match self.begin(durability).map(|transaction| transact(transaction, &mut jobs)) {
            Ok(Err(_)) if jobs.len() > 1 => {
                return jobs
                    .into_iter()
                    .for_each(|(job, room)| self.commit(vec![Queued { job, durability, room }]));
            }
            Ok(done) => done.map_err(StoreError::from),
            Err(error) => Err(store_error(error)),
        };
        self.look();
        jobs.into_iter().for_each(|(job, _)| job.end(done.clone()));
    }

    /// Begins as one who writes: who only reads first may find that the file has changed when it then writes.
    fn begin(&mut self, durability: Durability) -> rusqlite::Result<Transaction<'_>> {
        if self.durability != durability {
            let synchronous = if durability == Durability::Disk { "full" } else { "normal" };
            self.connection.pragma_update(None, "synchronous", synchronous)?;
            self.durability = durability;
        }
        self.connection.transaction_with_behavior(TransactionBehavior::Immediate)
    }

    fn data_version(&self) -> rusqlite::Result<i64> {
        let mut statement = self.connection.prepare_cached("PRAGMA data_version")?;
        statement.query_row([], |row| row.get(0))
    }

    /// Whether others have changed the file.
    fn has_changed(&self) -> bool {
        self.seen.is_none() || self.data_version().ok() != self.seen
    }

    /// Tells those who wait what is in the file now.
    fn look(&mut self) {
        self.seen = self.data_version().ok();
        if let Err(error) = self.board.look(&self.connection) {
            self.seen = None;
            let error = StoreError::from(error);
            if FAILED.allows() {
                tracing::error!(%error, "the store could not be looked into, which is tried again");
            }
        }
    }
}

fn transact<R>(transaction: Transaction<'_>, jobs: &mut [(Box<dyn Job>, R)]) -> Result<(), Failed> {
    for (job, _) in jobs {
        job.run(&transaction)?;
    }
    Ok(transaction.commit()?)
}
