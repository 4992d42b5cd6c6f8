//! What has happened, in the file.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use atoms_control::{HistoryFilter, HistoryStore, Recorded};
use atoms_runtime::{LogLimit, Shown, StoreError, StoreFuture};
use rusqlite::{Connection, params};
use tokio::sync::oneshot;

use crate::file::{Batch, Durability, Failed, File, Job, Limits, Room, gone, load};

/// How many events may wait for the thread that writes, and how many bytes of memory they may take.
const WAITING: Limits = Limits { number: 4_096, bytes: 16 * 1024 * 1024 };

/// After so many bytes a commit waits for the disk. Only then does SQLite empty its log.
const SYNCED: usize = 1024 * 1024;

/// A disk that fails, or is too slow, loses one event after the other.
static LOST: LogLimit = LogLimit::new(1, "more events that the history has not kept");

/// An event that cannot be read stays until others push it out, and is found each time.
static UNREADABLE: LogLimit = LogLimit::new(10, "more events of the history that cannot be read");

/// An event that cannot be written is left out, and so is the next one of its kind.
static UNWRITABLE: LogLimit = LogLimit::new(10, "more events of the history that cannot be written");

/// Keeps the history of a bus in the file of a [`Sqlite`](crate::Sqlite).
#[derive(Debug)]
pub(crate) struct Past {
    file: Arc<File>,
    limits: Limits,
    waiting: Arc<Waiting>,
}

/// What is not written yet.
#[derive(Debug, Default)]
struct Waiting {
    state: Mutex<State>,
    lost: AtomicU64,
}

#[derive(Debug, Default)]
struct State {
    events: Vec<Recorded>,
    bytes: usize,
    /// Whether the thread that writes is going to take them.
    is_queued: bool,
    /// How many jobs have taken some, and have not committed them.
    writing: usize,
    /// How many bytes were put since a commit waited for the disk.
    unsynced: usize,
}

impl State {
    /// What the next commit survives.
    fn durability(&mut self) -> Durability {
        if self.unsynced < SYNCED {
            return Durability::Process;
        }
        self.unsynced = 0;
        Durability::Disk
    }
}

impl Waiting {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lose(&self, number: usize, why: &str) {
        self.lost.fetch_add(number as u64, Ordering::Relaxed);
        if number > 0 && LOST.allows() {
            tracing::warn!(number, "the history has not kept events: {why}");
        }
    }

    /// Whether all that was put is in the file.
    fn is_empty(&self) -> bool {
        let state = self.lock();
        state.events.is_empty() && state.writing == 0
    }
}

/// Writes all that waits when it is run.
struct Writing {
    waiting: Arc<Waiting>,
    limits: Limits,
    /// What it has taken, if it has. It may be run again.
    taken: Option<Vec<Recorded>>,
    /// Tells who waits for it.
    told: Option<oneshot::Sender<Result<(), StoreError>>>,
}

impl Writing {
    fn take(&mut self) -> &[Recorded] {
        self.taken.get_or_insert_with(|| {
            let mut state = self.waiting.lock();
            (state.bytes, state.is_queued) = (0, false);
            state.writing += 1;
            std::mem::take(&mut state.events)
        })
    }
}

impl Job for Writing {
    fn run(&mut self, batch: &Batch<'_>) -> Result<(), Failed> {
        let limits = self.limits;
        for event in self.take() {
            insert(batch, event)?;
        }
        make_room(batch, limits)
    }

    fn end(self: Box<Self>, committed: Result<(), StoreError>) {
        match &self.taken {
            // No transaction has begun. What waits goes with the next event.
            None => self.waiting.lock().is_queued = false,
            Some(taken) => {
                self.waiting.lock().writing -= 1;
                if let Err(error) = &committed {
                    self.waiting.lose(taken.len(), &error.to_string());
                }
            }
        }
        if let Some(told) = self.told {
            // Who waited for it may be gone.
            let _ = told.send(committed);
        }
    }
}

/// Writes one event. One that cannot be written is left out, and says so.
fn insert(connection: &Connection, event: &Recorded) -> Result<(), Failed> {
    let json = match serde_json::to_string(event) {
        Ok(json) => json,
        Err(error) => {
            if UNWRITABLE.allows() {
                let r#type = Shown(event.event_type());
                tracing::error!(%r#type, error = %Shown(&error), "an event of the history cannot be written");
            }
            return Ok(());
        }
    };
    let runs: String = event.runs().iter().map(|run| format!("{run} ")).collect();
    let sql = "INSERT INTO atoms_history (at, type, source, session, correlation, runs, bytes, json)
               VALUES (?, ?, ?, ?, ?, ?, ?, ?)";
    connection.prepare_cached(sql)?.execute(params![
        event.timestamp().unix_micros(),
        event.event_type(),
        event.source(),
        event.session(),
        event.correlation(),
        runs,
        json.len(),
        json,
    ])?;
    Ok(())
}

/// Removes the oldest events until the limits are met.
fn make_room(connection: &Connection, limits: Limits) -> Result<(), Failed> {
    while limits.is_exceeded(load(connection, Room::HISTORY)?) {
        let sql = "DELETE FROM atoms_history WHERE number = (SELECT min(number) FROM atoms_history)";
        connection.prepare_cached(sql)?.execute([])?;
    }
    Ok(())
}

impl Past {
    pub(crate) fn new(file: Arc<File>, limits: Limits) -> Self {
        Self { file, limits, waiting: Arc::default() }
    }

    fn job(&self, told: Option<oneshot::Sender<Result<(), StoreError>>>) -> Box<Writing> {
        Box::new(Writing { waiting: Arc::clone(&self.waiting), limits: self.limits, taken: None, told })
    }

    async fn flushed(&self) -> Result<(), StoreError> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let (told, done) = oneshot::channel();
        let durability = self.waiting.lock().durability();
        self.file.send(durability, self.job(Some(told))).await?;
        done.await.map_err(|_| gone())?
    }
}

/// The rows that the filter may let through, the newest first. The runs and the pattern are looked at in what is read.
const LATEST: &str = "SELECT json FROM atoms_history
     WHERE (?1 IS NULL OR type = ?1) AND (?2 IS NULL OR source = ?2) AND (?3 IS NULL OR session = ?3)
       AND (?4 IS NULL OR correlation = ?4) AND (?5 IS NULL OR at >= ?5) AND (?6 IS NULL OR at < ?6)
       AND (?7 IS NULL OR instr(runs, ?7) > 0)
     ORDER BY number DESC";

fn latest(connection: &Connection, filter: &HistoryFilter, limit: usize) -> Result<Vec<Recorded>, Failed> {
    let micros = |time: Option<atoms_runtime::Timestamp>| time.map(|time| time.unix_micros());
    let mut statement = connection.prepare_cached(LATEST)?;
    let mut rows = statement.query(params![
        filter.event_type,
        filter.source,
        filter.session,
        filter.correlation,
        micros(filter.since),
        micros(filter.until),
        filter.run.map(|run| run.to_string()),
    ])?;
    let mut found = Vec::new();
    while found.len() < limit
        && let Some(row) = rows.next()?
    {
        match serde_json::from_str::<Recorded>(&row.get::<_, String>(0)?) {
            Ok(event) if filter.matches(&event) => found.push(event),
            Ok(_) => {}
            Err(error) if UNREADABLE.allows() => {
                tracing::error!(error = %Shown(&error), "an event of the history cannot be read, and is left out");
            }
            Err(_) => {}
        }
    }
    found.reverse();
    Ok(found)
}

impl HistoryStore for Past {
    fn put(&self, event: Recorded) {
        if self.limits.number == 0 {
            return;
        }
        let size = event.size();
        let mut state = self.waiting.lock();
        let is_full = state.events.len() >= WAITING.number
            || state.bytes + size > WAITING.bytes && !state.events.is_empty();
        if !is_full {
            state.events.push(event);
            state.bytes += size;
            state.unsynced += size;
        }
        let queued = (!std::mem::replace(&mut state.is_queued, true)).then(|| state.durability());
        drop(state);
        if is_full {
            self.waiting.lose(1, "so many wait for the disk that there is no room for more");
        }
        if let Some(durability) = queued
            && !self.file.try_send(durability, self.job(None))
        {
            self.waiting.lock().is_queued = false;
        }
    }

    fn list(&self, filter: HistoryFilter, limit: usize) -> StoreFuture<'_, Vec<Recorded>> {
        Box::pin(async move {
            self.flushed().await?;
            self.file.read(move |connection| latest(connection, &filter, limit)).await
        })
    }

    fn flush(&self) -> StoreFuture<'_, ()> {
        Box::pin(self.flushed())
    }

    fn lost(&self) -> u64 {
        self.waiting.lost.load(Ordering::Relaxed)
    }
}
