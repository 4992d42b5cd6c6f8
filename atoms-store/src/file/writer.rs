//! The thread that writes.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::thread::sleep;
use std::time::{Duration, Instant};

use atoms_runtime::{LogLimit, StoreError};
use rusqlite::ffi::ErrorCode;
use rusqlite::{Connection, DropBehavior, Transaction, TransactionBehavior};

use super::batch::Batch;
use super::board::{Board, Ready};
use super::failed::{Failed, store_error};
use super::lease::{Ask, Back, Lease};
use super::open::empty_log;
use super::thread::{Durability, Job, Order, Queued};

/// How many jobs share a commit at most.
const GROUP: usize = 2_048;

/// The longest wait for jobs to share a commit, the wait between two looks whether there are more, and how many of these may
/// find none.
const PATIENCE: Duration = Duration::from_millis(1);
const PAUSE: Duration = Duration::from_micros(20);
const IDLE: usize = 1;

/// How often to look whether another connection has changed the file.
const LOOK: Duration = Duration::from_millis(50);

/// A failure of the file may repeat each time.
static FAILED: LogLimit = LogLimit::new(10, "more failures to look into the store");

pub(crate) struct Writer {
    connection: Connection,
    board: Arc<Board>,
    durability: Durability,
    /// Whether the disk has failed, so that it is not known what of the log is on it.
    is_suspect: bool,
    last: Last,
    /// SQLite's `data_version`, which changes when another connection has changed the file.
    seen: Option<i64>,
}

/// The last commit.
#[derive(Debug, Clone, Copy, Default)]
struct Last {
    jobs: usize,
    time: Duration,
}

impl Writer {
    pub(crate) fn new(connection: Connection, board: Arc<Board>) -> Self {
        let (durability, last) = (Durability::Disk, Last::default());
        let mut writer = Self { connection, board, durability, is_suspect: false, last, seen: None };
        writer.look(Ready::Unknown);
        writer
    }

    /// Runs jobs until all senders are gone. All that wait share a commit.
    pub(crate) fn work(mut self, jobs: &Receiver<Order>) {
        loop {
            match jobs.recv_timeout(LOOK) {
                Ok(Order::Job(first)) => {
                    let mut group = vec![first];
                    let next = gather(jobs, &mut group, self.last);
                    let (jobs, begun) = (group.len(), Instant::now());
                    self.commit(group);
                    self.last = Last { jobs, time: begun.elapsed() };
                    if let Some(ask) = next {
                        let Some(back) = self.lend(ask) else { return };
                        self = back;
                    }
                }
                Ok(Order::Lend(ask, _room)) => {
                    let Some(back) = self.lend(ask) else { return };
                    self = back;
                }
                Err(RecvTimeoutError::Timeout) if self.has_changed() => self.look(Ready::Unknown),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    /// Lends the connection for one transaction, and waits for it.
    fn lend(mut self, ask: Ask) -> Option<Self> {
        if ask.is_closed() {
            return Some(self);
        }
        let begun = self.begin(Durability::Disk);
        let begun = begun.map(|mut begun| begun.set_drop_behavior(DropBehavior::Ignore));
        // Nothing is committed before it comes back, also if its transaction ends: then each statement would be.
        if let Err(error) = begun.and_then(|()| self.connection.commit_hook(Some(|| true))) {
            drop(ask.send(Err(store_error(error))));
            return Some(self);
        }
        let Self { connection, board, durability, is_suspect, last, .. } = self;
        let Back { connection, commit } = Lease::lend(connection, ask)?;
        let mut writer = Self { connection, board, durability, is_suspect, last, seen: None };
        let done = writer.end_lease(commit.is_some());
        writer.look(Ready::Unknown);
        if let Some(reply) = commit {
            drop(reply.send(done.map_err(store_error)));
        }
        Some(writer)
    }

    /// Ends a lent transaction, which may have ended already.
    fn end_lease(&mut self, commits: bool) -> rusqlite::Result<()> {
        self.connection.commit_hook(None::<fn() -> bool>)?;
        let done = if commits { self.connection.execute_batch("COMMIT") } else { Ok(()) };
        if let Err(error) = &done {
            self.is_suspect |= is_of_the_disk(error);
        }
        if !self.connection.is_autocommit() {
            self.connection.execute_batch("ROLLBACK")?;
        }
        done
    }

    /// Runs jobs in one transaction. If the file fails under one of them, each is run in a transaction of its own, so that a
    /// job that is too large for the disk fails alone.
    fn commit(&mut self, group: Vec<Queued>) {
        let durability = group.iter().map(|queued| queued.durability).max().unwrap_or(Durability::Disk);
        let mut jobs: Vec<_> = group.into_iter().map(|Queued { job, room, .. }| (job, room)).collect();
        let done = match self.begin(durability).map(|transaction| transact(transaction, &mut jobs)) {
            Ok(Err(failed)) if jobs.len() > 1 => {
                self.suspect(&failed);
                return jobs
                    .into_iter()
                    .for_each(|(job, room)| self.commit(vec![Queued { job, durability, room }]));
            }
            Ok(done) => done.map_err(|failed| {
                self.suspect(&failed);
                StoreError::from(failed)
            }),
            Err(error) => Err(store_error(error)),
        };
        self.look(Ready::of(matches!(done, Ok(true))));
        let done = done.map(drop);
        jobs.into_iter().for_each(|(job, _)| job.end(done.clone()));
    }

    fn suspect(&mut self, failed: &Failed) {
        self.is_suspect |= matches!(failed, Failed::File(error) if is_of_the_disk(error));
    }

    /// Begins a transaction that writes. One that only reads first may fail when it then writes, since the file may have
    /// changed.
    fn begin(&mut self, durability: Durability) -> rusqlite::Result<Transaction<'_>> {
        if !self.connection.is_autocommit() {
            self.connection.execute_batch("ROLLBACK")?;
        }
        if self.is_suspect {
            if !empty_log(&self.connection)? {
                return Err(log_is_read());
            }
            self.is_suspect = false;
        }
        if self.durability != durability {
            // SQLite says nothing of a disk that fails when it empties the log by itself. All of the log is on the disk then
            // only after a commit that has waited for that.
            let (synchronous, pages) =
                if durability == Durability::Disk { ("full", 1_000) } else { ("normal", 0) };
            self.connection.pragma_update(None, "synchronous", synchronous)?;
            self.connection.pragma_update_and_check(None, "wal_autocheckpoint", pages, |_| Ok(()))?;
            self.durability = durability;
        }
        self.connection.transaction_with_behavior(TransactionBehavior::Immediate)
    }

    fn data_version(&self) -> rusqlite::Result<i64> {
        let mut statement = self.connection.prepare_cached("PRAGMA data_version")?;
        statement.query_row([], |row| row.get(0))
    }

    /// Whether another connection has changed the file.
    fn has_changed(&self) -> bool {
        self.seen.is_none() || self.data_version().ok() != self.seen
    }

    /// Shows the state of the file to the tasks that wait for a change.
    fn look(&mut self, ready: Ready) {
        let seen = self.data_version().ok();
        let is_unknown = seen.is_none() || seen != self.seen;
        self.seen = seen;
        let ready = if is_unknown { ready.max(Ready::Unknown) } else { ready };
        if let Err(error) = self.board.look(&self.connection, ready) {
            self.seen = None;
            let error = StoreError::from(error);
            if FAILED.allows() {
                tracing::error!(%error, "the store could not be looked into, which is tried again");
            }
        }
    }
}

fn is_of_the_disk(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::SystemIoFailure)
}

fn log_is_read() -> rusqlite::Error {
    let busy = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_BUSY);
    let why = "the disk has failed, and the log cannot be begun anew for as long as somebody reads it";
    rusqlite::Error::SqliteFailure(busy, Some(why.into()))
}

/// Adds the jobs that wait, up to the first request for the connection.
///
/// Those who waited for the last commit may be about to send the next jobs. As long as there are fewer than then, and more
/// come, it waits for them, for a quarter of the time that the last commit took.
fn gather(jobs: &Receiver<Order>, group: &mut Vec<Queued>, last: Last) -> Option<Ask> {
    let until = Instant::now() + (last.time / 4).min(PATIENCE);
    let mut idle = 0;
    loop {
        let before = group.len();
        while group.len() < GROUP {
            match jobs.try_recv() {
                Ok(Order::Job(job)) => group.push(job),
                Ok(Order::Lend(ask, _room)) => return Some(ask),
                Err(_) => break,
            }
        }
        idle = if group.len() > before { 0 } else { idle + 1 };
        if group.len() >= last.jobs.min(GROUP) || idle > IDLE || Instant::now() >= until {
            return None;
        }
        sleep(PAUSE);
    }
}

/// Runs jobs, and commits what they write. Returns whether something may be taken then.
fn transact<R>(transaction: Transaction<'_>, jobs: &mut [(Box<dyn Job>, R)]) -> Result<bool, Failed> {
    let batch = Batch::new(&transaction);
    for (job, _) in jobs {
        job.run(&batch)?;
    }
    let has_ready = batch.write()?;
    transaction.commit()?;
    Ok(has_ready)
}
