//! Posted events in the file.

mod returned;
mod rows;

use std::ptr;
use std::sync::Arc;
use std::time::Duration;

use atoms_runtime::{
    Acknowledgement, Backlog, BacklogRoom, Clock, EventId, LetterStore, LogLimit, NewPost, StoreError,
    StoreErrorKind, StoreFuture, StoredEvents, Taken, Ticket, Timestamp,
};
use rusqlite::Connection;

use self::returned::{InFlight, Returned};
use self::rows::insert;
pub(crate) use self::rows::{NewRow, number_of};
use crate::file::{Durability, Failed, File, Limits, Room};
use crate::letters::{Letters, NewLetter, settle, tell_dropped};

/// An event that cannot be read stays, and is found at each start.
static UNREADABLE: LogLimit = LogLimit::new(10, "more posted events that cannot be read");

/// Keeps posted events in the file of a [`Sqlite`](crate::Sqlite).
#[derive(Debug)]
pub(crate) struct Posts {
    file: Arc<File>,
    pub(crate) limits: Limits,
    /// Kept in the commits in which events are acknowledged.
    letters: Arc<Letters>,
    clock: Clock,
    returned: Arc<Returned>,
}

impl Posts {
    pub(crate) fn new(file: Arc<File>, limits: Limits, letters: Arc<Letters>) -> Self {
        let returned = Arc::new(Returned::new(Arc::clone(&file.board)));
        Self { file, limits, letters, clock: Clock::new(), returned }
    }

    fn now(&self) -> i64 {
        self.clock.now().unix_micros()
    }

    /// Takes events as rows. They are given back if this is dropped.
    async fn take_rows(&self, limit: usize) -> Result<InFlight, StoreError> {
        let (now, returned) = (self.now(), Arc::clone(&self.returned));
        let taking = Arc::clone(&returned);
        let take = move |connection: &Connection| {
            let written = taking.write(connection)?;
            rows::admit_due(connection, now)?;
            Ok((rows::take(connection, limit)?, written))
        };
        let committed = move |(rows, written): (_, Vec<Ticket>)| {
            returned.forget(&written);
            InFlight { rows, returned }
        };
        self.file.write_then(Durability::Process, 0, take, committed).await
    }

    async fn read(&self, mut taken: InFlight) -> Result<Vec<Taken>, StoreError> {
        let mut read = Vec::with_capacity(taken.rows.len());
        let mut unreadable = Vec::new();
        for row in &taken.rows {
            match self.file.read_event(&row.frame) {
                Ok(event) => {
                    let handlers = row.handlers.clone();
                    read.push(Taken { ticket: row.ticket, event, priority: row.priority, handlers });
                }
                Err(error) if error.kind() == StoreErrorKind::Unreadable => {
                    if UNREADABLE.allows() {
                        tracing::error!(number = row.ticket.id, %error, "a posted event cannot be read, and is left out");
                    }
                    unreadable.push(row.ticket);
                }
                Err(error) => return Err(error),
            }
        }
        if !unreadable.is_empty() {
            let leave_out = move |connection: &Connection| {
                unreadable.iter().try_for_each(|ticket| rows::set_unreadable(connection, *ticket))
            };
            self.file.write(Durability::Process, 0, leave_out).await?;
        }
        taken.rows.clear();
        Ok(read)
    }
}

/// Fails if there is no room for those of them that are not stored yet.
pub(crate) fn check_room(connection: &Connection, limits: Limits, rows: &[NewRow]) -> Result<(), Failed> {
    let mut loads = rows::loads(connection)?;
    for row in rows {
        if number_of(connection, row.event())?.is_none() {
            let load = &mut loads[usize::from(Room::from(row.room()).0)];
            if !limits.has_room(*load, row.bytes) {
                return Err(limits.full());
            }
            load.add(row.bytes);
        }
    }
    Ok(())
}

/// Stores events, whether there is room or not. Returns their numbers.
pub(crate) fn insert_all(connection: &Connection, rows: &[NewRow]) -> Result<Vec<u64>, Failed> {
    rows.iter().map(|row| insert(connection, row)).collect()
}

/// Stores an event in a transaction of the caller.
pub(crate) fn post_in(connection: &Connection, limits: Limits, row: NewRow) -> Result<(), Failed> {
    check_room(connection, limits, std::slice::from_ref(&row))?;
    insert(connection, &row).map(drop)
}

/// The record that handlers are done with an event, as rows.
pub(crate) struct Done {
    ticket: Ticket,
    handlers: Vec<String>,
    posts: Vec<NewRow>,
    letters: Vec<NewLetter>,
    settled: Vec<u64>,
    letter_limits: Limits,
}

impl Done {
    pub(crate) fn of(done: Acknowledgement, file: &File, letter_limits: Limits) -> Result<Self, StoreError> {
        let Acknowledgement { ticket, handlers, posts, letters, settled } = done;
        let posts = NewRow::all(posts, file)?;
        let letters =
            letters.into_iter().map(|letter| NewLetter::of(letter, file)).collect::<Result<_, _>>()?;
        Ok(Self { ticket, handlers, posts, letters, settled, letter_limits })
    }

    /// How many bytes it holds until it is written.
    fn size(&self) -> usize {
        size(&self.posts) + self.letters.iter().map(NewLetter::size).sum::<usize>()
    }

    /// Writes the record, and stores the events that follow. Returns how many letters made room for others.
    pub(crate) fn write(&self, connection: &Connection) -> Result<usize, Failed> {
        rows::acknowledge(connection, self.ticket, &self.handlers)?;
        insert_all(connection, &self.posts)?;
        settle(connection, self.letter_limits, &self.letters, &self.settled)
    }
}

pub(crate) fn size(rows: &[NewRow]) -> usize {
    rows.iter().map(NewRow::size).sum()
}

impl Backlog for Posts {
    fn start(&self, events: StoredEvents) {
        self.file.start(events);
    }

    fn post(&self, posts: Vec<NewPost>) -> StoreFuture<'_, Vec<u64>> {
        Box::pin(async move {
            let (rows, limits) = (NewRow::all(posts, &self.file)?, self.limits);
            let size = size(&rows);
            let post = move |connection: &Connection| {
                check_room(connection, limits, &rows)?;
                insert_all(connection, &rows)
            };
            self.file.write(Durability::Disk, size, post).await
        })
    }

    fn room(&self, room: BacklogRoom, bytes: usize) -> StoreFuture<'_, ()> {
        Box::pin(async move {
            let has_room = |load| self.limits.has_room(load, bytes);
            let wait = self.file.board.wait(|seen| match has_room(seen.load(room.into())) {
                true => Ok(()),
                false => Err(Duration::MAX),
            });
            wait.await;
            Ok(())
        })
    }

    fn take(&self, limit: usize) -> StoreFuture<'_, Vec<Taken>> {
        Box::pin(async move { self.read(self.take_rows(limit).await?).await })
    }

    fn ready(&self) -> StoreFuture<'_, ()> {
        Box::pin(async move {
            loop {
                let is_ready = self.file.board.wait(|seen| match seen.next_due {
                    _ if seen.is_ready || !self.returned.is_empty() => Ok(true),
                    Some(due) if due <= self.now() => Ok(false),
                    Some(due) => Err(self.clock.wait(Timestamp::from_unix_micros(due))),
                    None => Err(Duration::MAX),
                });
                if is_ready.await {
                    return Ok(());
                }
                let now = self.now();
                let admit = move |connection: &Connection| rows::admit_due(connection, now);
                self.file.write(Durability::Process, 0, admit).await?;
            }
        })
    }

    fn acknowledge(&self, done: Acknowledgement) -> StoreFuture<'_, ()> {
        Box::pin(async move {
            let done = Done::of(done, &self.file, self.letters.limits)?;
            let (size, returned, writing) =
                (done.size(), Arc::clone(&self.returned), Arc::clone(&self.returned));
            let job =
                move |connection: &Connection| Ok((writing.write(connection)?, done.write(connection)?));
            let committed = move |(written, dropped): (Vec<Ticket>, usize)| {
                returned.forget(&written);
                tell_dropped(dropped);
            };
            self.file.write_then(Durability::Disk, size, job, committed).await
        })
    }

    fn keeps_letters_in(&self, letters: &dyn LetterStore) -> bool {
        ptr::addr_eq(letters, &*self.letters)
    }

    fn give_back(&self, ticket: Ticket) -> StoreFuture<'_, ()> {
        self.returned.add([ticket]);
        Box::pin(std::future::ready(Ok(())))
    }

    fn cancel(&self, event: EventId) -> StoreFuture<'_, bool> {
        let (event, now) = (event.to_string(), self.now());
        let cancel = move |connection: &Connection| rows::cancel(connection, &event, now);
        Box::pin(self.file.write(Durability::Disk, 0, cancel))
    }

    fn is_pending(&self, event: EventId) -> StoreFuture<'_, bool> {
        let (event, now) = (event.to_string(), self.now());
        Box::pin(self.file.read(move |connection| rows::is_pending(connection, &event, now)))
    }

    fn count(&self) -> StoreFuture<'_, usize> {
        Box::pin(self.file.read(rows::count))
    }
}
