//! Dead letters in the file.

use std::slice;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use atoms_runtime::{
    DeadLetter, DeadLetterCause, EventId, LetterStore, LogLimit, Shown, StoreError, StoreErrorKind,
    StoreFuture, StoredEvents, Timestamp,
};
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::file::{Batch, Durability, Failed, File, Limits, Room, load, unreadable};

/// If the store is full, each new letter pushes another one out.
static MADE_ROOM: LogLimit = LogLimit::new(1, "more dead letters made room for others");

/// A letter that cannot be read stays, and is found each time.
static UNREADABLE: LogLimit = LogLimit::new(10, "more dead letters that cannot be read");

/// Keeps dead letters in the file of a [`Sqlite`](crate::Sqlite).
#[derive(Debug)]
pub(crate) struct Letters {
    file: Arc<File>,
    pub(crate) limits: Limits,
    /// The last number that was used.
    last: AtomicU64,
}

/// A letter as it is in the file.
struct LetterRow {
    number: u64,
    at: i64,
    cause: String,
    frame: Vec<u8>,
}

impl LetterRow {
    const COLUMNS: &str = "number, at, cause, frame";

    fn of(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self { number: row.get(0)?, at: row.get(1)?, cause: row.get(2)?, frame: row.get(3)? })
    }
}

impl Letters {
    pub(crate) fn new(file: Arc<File>, limits: Limits, last: u64) -> Self {
        Self { file, limits, last: last.into() }
    }

    fn read(&self, row: LetterRow) -> Result<Arc<DeadLetter>, StoreError> {
        let cause: DeadLetterCause = serde_json::from_str(&row.cause).map_err(unreadable)?;
        let letter = DeadLetter::new(row.number, self.file.read_event(&row.frame)?, cause);
        Ok(Arc::new(letter.with_time(Timestamp::from_unix_micros(row.at))))
    }

    /// Leaves out those that cannot be read.
    fn read_all(&self, rows: Vec<LetterRow>) -> Result<Vec<Arc<DeadLetter>>, StoreError> {
        let mut letters = Vec::with_capacity(rows.len());
        for row in rows {
            let number = row.number;
            match self.read(row) {
                Ok(letter) => letters.push(letter),
                Err(error) if error.kind() == StoreErrorKind::Unreadable => {
                    if UNREADABLE.allows() {
                        tracing::error!(number, error = %Shown(&error), "a dead letter cannot be read, and is left out");
                    }
                }
                Err(error) => return Err(error),
            }
        }
        Ok(letters)
    }

    fn read_one(&self, row: Option<LetterRow>) -> Result<Option<Arc<DeadLetter>>, StoreError> {
        row.map(|row| self.read(row)).transpose()
    }
}

/// The highest number that a letter has or had.
pub(crate) fn last(connection: &Connection) -> rusqlite::Result<u64> {
    connection.query_row("SELECT value FROM atoms_counter WHERE name = 'letter'", [], |row| row.get(0))
}

fn get(connection: &Connection, number: u64) -> Result<Option<LetterRow>, Failed> {
    let sql = format!("SELECT {} FROM atoms_letter WHERE number = ?", LetterRow::COLUMNS);
    Ok(connection.prepare_cached(&sql)?.query_row([number], LetterRow::of).optional()?)
}

fn list(connection: &Connection, above: u64, limit: usize) -> Result<Vec<LetterRow>, Failed> {
    let sql =
        format!("SELECT {} FROM atoms_letter WHERE number > ? ORDER BY number LIMIT ?", LetterRow::COLUMNS);
    let mut statement = connection.prepare_cached(&sql)?;
    let letters = statement.query_map(params![above, limit.min(i64::MAX as usize)], LetterRow::of)?;
    Ok(letters.collect::<Result<_, _>>()?)
}

fn remove(connection: &Connection, number: u64) -> Result<(), Failed> {
    connection.prepare_cached("DELETE FROM atoms_letter WHERE number = ?")?.execute([number])?;
    Ok(())
}

fn of_event(connection: &Connection, event: &str) -> Result<Vec<LetterRow>, Failed> {
    let sql = format!("SELECT {} FROM atoms_letter WHERE event = ? ORDER BY number", LetterRow::COLUMNS);
    let mut statement = connection.prepare_cached(&sql)?;
    let letters = statement.query_map([event], LetterRow::of)?;
    Ok(letters.collect::<Result<_, _>>()?)
}

/// A letter that will be kept.
pub(crate) struct NewLetter {
    letter: Arc<DeadLetter>,
    cause: String,
    frame: Vec<u8>,
}

impl NewLetter {
    pub(crate) fn of(letter: Arc<DeadLetter>, file: &File) -> Result<Self, StoreError> {
        let cause = serde_json::to_string(letter.cause()).map_err(unreadable)?;
        Ok(Self { frame: file.write_event(letter.event())?, cause, letter })
    }

    /// How many bytes it holds until it is written.
    pub(crate) fn size(&self) -> usize {
        self.frame.len() + self.cause.len()
    }

    fn put(&self, connection: &Connection) -> Result<(), Failed> {
        let Self { letter, cause, frame } = self;
        remove(connection, letter.id())?;
        let sql = "INSERT INTO atoms_letter (number, event, type, at, bytes, cause, frame) VALUES (?, ?, ?, ?, ?, ?, ?)";
        let event = letter.event();
        let (id, at) = (event.id().to_string(), letter.at().unix_micros());
        let mut statement = connection.prepare_cached(sql)?;
        statement.execute(params![letter.id(), id, event.event_type(), at, letter.size(), cause, frame])?;
        let sql = "UPDATE atoms_counter SET value = max(value, ?) WHERE name = 'letter'";
        connection.prepare_cached(sql)?.execute([letter.id()])?;
        Ok(())
    }
}

/// Keeps letters, and removes others. Returns how many made room for them.
pub(crate) fn settle(
    connection: &Connection,
    limits: Limits,
    kept: &[NewLetter],
    settled: &[u64],
) -> Result<usize, Failed> {
    settled.iter().try_for_each(|number| remove(connection, *number))?;
    kept.iter().try_for_each(|letter| letter.put(connection))?;
    if kept.is_empty() { Ok(0) } else { make_room(connection, limits) }
}

/// Logs, after the commit, that letters made room for others.
pub(crate) fn tell_dropped(dropped: usize) {
    if dropped > 0 && MADE_ROOM.allows() {
        tracing::warn!(dropped, "dead letters made room for others");
    }
}

/// Drops the oldest letters until the limits are met. Returns how many.
fn make_room(connection: &Connection, limits: Limits) -> Result<usize, Failed> {
    let mut dropped = 0;
    while limits.is_exceeded(load(connection, Room::LETTERS)?) {
        let sql = "DELETE FROM atoms_letter WHERE number = (SELECT min(number) FROM atoms_letter)";
        connection.prepare_cached(sql)?.execute([])?;
        dropped += 1;
    }
    if dropped > 0 {
        let sql = "UPDATE atoms_counter SET value = value + ? WHERE name = 'dropped'";
        connection.prepare_cached(sql)?.execute([dropped])?;
    }
    Ok(dropped)
}

impl LetterStore for Letters {
    fn start(&self, events: StoredEvents) {
        self.file.start(events);
    }

    fn next_id(&self) -> u64 {
        self.last.fetch_add(1, Ordering::Relaxed) + 1
    }

    fn put(&self, letter: Arc<DeadLetter>) -> StoreFuture<'_, ()> {
        Box::pin(async move {
            let (limits, letter) = (self.limits, NewLetter::of(letter, &self.file)?);
            let size = letter.size();
            let put = move |batch: &Batch<'_>| settle(batch, limits, slice::from_ref(&letter), &[]);
            tell_dropped(self.file.write(Durability::Disk, size, put).await?);
            Ok(())
        })
    }

    fn get(&self, id: u64) -> StoreFuture<'_, Option<Arc<DeadLetter>>> {
        Box::pin(async move { self.read_one(self.file.read(move |connection| get(connection, id)).await?) })
    }

    fn list(&self, above: u64, limit: usize) -> StoreFuture<'_, Vec<Arc<DeadLetter>>> {
        Box::pin(async move {
            self.read_all(self.file.read(move |connection| list(connection, above, limit)).await?)
        })
    }

    fn of_event(&self, event: EventId) -> StoreFuture<'_, Vec<Arc<DeadLetter>>> {
        Box::pin(async move {
            let event = event.to_string();
            self.read_all(self.file.read(move |connection| of_event(connection, &event)).await?)
        })
    }

    fn take(&self, id: u64) -> StoreFuture<'_, Option<Arc<DeadLetter>>> {
        Box::pin(async move {
            let take = move |batch: &Batch<'_>| {
                let letter = get(batch, id)?;
                remove(batch, id)?;
                Ok(letter)
            };
            self.read_one(self.file.write(Durability::Disk, 0, take).await?)
        })
    }

    fn count(&self) -> StoreFuture<'_, usize> {
        Box::pin(self.file.read(|connection| Ok(load(connection, Room::LETTERS)?.number)))
    }

    fn dropped(&self) -> StoreFuture<'_, u64> {
        let sql = "SELECT value FROM atoms_counter WHERE name = 'dropped'";
        Box::pin(self.file.read(move |connection| Ok(connection.query_row(sql, [], |row| row.get(0))?)))
    }
}
