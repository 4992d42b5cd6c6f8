//! Posted events in the file.

mod done;
mod leases;
mod rows;

use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use atoms_runtime::{
    Acknowledgement, Backlog, BacklogRoom, Clock, DelayedEvent, DelayedFilter, EventId, LetterStore,
    LogLimit, NewPost, Priority, QueueDepth, QueueDepths, StoreError, StoreErrorKind, StoreFuture,
    StoredEvents, Taken, Ticket, Timestamp,
};
use rusqlite::Connection;

pub(crate) use self::done::{Done, Written};
pub(crate) use self::leases::Leases;
use self::leases::{InFlight, Recording};
use self::rows::{DelayedRow, insert};
pub(crate) use self::rows::{NewRow, number_of};
use crate::file::{Batch, Durability, Failed, File, Limits, Load, Ready, Room, load};
use crate::letters::Letters;

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
    pub(crate) leases: Arc<Leases>,
    /// Whether a bus keeps its letters elsewhere.
    has_letters_elsewhere: AtomicBool,
}

impl Posts {
    pub(crate) fn new(file: Arc<File>, limits: Limits, letters: Arc<Letters>) -> Self {
        let leases = Arc::new(Leases::new(Arc::clone(&file.board)));
        let has_letters_elsewhere = AtomicBool::new(false);
        Self { file, limits, letters, clock: Clock::new(), leases, has_letters_elsewhere }
    }

    fn now(&self) -> i64 {
        self.clock.now().unix_micros()
    }

    async fn admit_due(&self) -> Result<(), StoreError> {
        let now = self.now();
        let admit = move |batch: &Batch<'_>| rows::admit_due(batch, now);
        self.file.write(Durability::Process, 0, admit).await
    }

    /// Takes events as rows. They are given back if this is dropped.
    async fn take_rows(&self, limit: usize) -> Result<InFlight, StoreError> {
        let leases = Arc::clone(&self.leases);
        let taken = self.file.read(move |connection| leases.take(connection, limit)).await?;
        if self.has_letters_elsewhere.load(Ordering::Relaxed) && !taken.rows.is_empty() {
            // A letter may be kept before its event is acknowledged, and is found again by who takes the event again.
            let tickets: Vec<_> = taken.rows.iter().map(|row| row.ticket).collect();
            let set_times = move |batch: &Batch<'_>| {
                tickets.iter().try_for_each(|ticket| rows::set_times(batch, *ticket))
            };
            self.file.write(Durability::Process, 0, set_times).await?;
        }
        Ok(taken)
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
            let leases = Arc::clone(&self.leases);
            let leave_out = move |batch: &Batch<'_>| {
                let leave_out = |ticket: &Ticket| rows::set_unreadable(batch, &leases, *ticket);
                unreadable.iter().map(leave_out).collect::<Result<Vec<_>, _>>()
            };
            let committed = |left_out: Vec<_>| left_out.into_iter().flatten().for_each(Recording::committed);
            self.file.write_then(Durability::Process, 0, leave_out, committed).await?;
        }
        taken.rows.clear();
        Ok(read)
    }
}

/// Fails if there is no room for those of them that are not stored yet.
pub(crate) fn check_room(batch: &Batch<'_>, limits: Limits, rows: &[NewRow]) -> Result<(), Failed> {
    if has_room(batch, limits, rows)? {
        return Ok(());
    }
    let mut new = Vec::with_capacity(rows.len());
    for row in rows {
        if number_of(batch, row.event())?.is_none() {
            new.push(row);
        }
    }
    if has_room(batch, limits, new)? { Ok(()) } else { Err(limits.full()) }
}

fn has_room<'a>(
    batch: &Batch<'_>,
    limits: Limits,
    rows: impl IntoIterator<Item = &'a NewRow>,
) -> Result<bool, Failed> {
    let mut loads = batch.loads()?;
    Ok(rows.into_iter().all(|row| {
        let load = &mut loads[usize::from(Room::from(row.room()).0)];
        let has_room = limits.has_room(*load, row.bytes);
        load.add(row.bytes);
        has_room
    }))
}

/// Stores events, whether there is room or not. Returns their numbers.
pub(crate) fn insert_all(batch: &Batch<'_>, rows: &[NewRow]) -> Result<Vec<u64>, Failed> {
    rows.iter().map(|row| insert(batch, row)).collect()
}

/// Stores an event in a transaction of the caller.
pub(crate) fn post_in(connection: &Connection, limits: Limits, row: &NewRow) -> Result<(), Failed> {
    let batch = Batch::new(connection);
    check_room(&batch, limits, std::slice::from_ref(row))?;
    insert(&batch, row)?;
    batch.write().map(drop)
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
            let post = move |batch: &Batch<'_>| {
                check_room(batch, limits, &rows)?;
                insert_all(batch, &rows)
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
        Box::pin(async move {
            if self.file.board.seen().next_due.is_some_and(|due| due <= self.now()) {
                self.admit_due().await?;
            }
            if !self.file.board.seen().may_be_ready() {
                return Ok(Vec::new());
            }
            self.read(self.take_rows(limit).await?).await
        })
    }

    fn ready(&self) -> StoreFuture<'_, ()> {
        Box::pin(async move {
            loop {
                let seen = self.file.board.wait(|seen| match seen.next_due {
                    _ if seen.ready != Ready::No => Ok(seen),
                    Some(due) if due <= self.now() => Ok(seen),
                    Some(due) => Err(self.clock.wait(Timestamp::from_unix_micros(due))),
                    None => Err(Duration::MAX),
                });
                match seen.await.ready {
                    Ready::Yes => return Ok(()),
                    Ready::Unknown => drop(self.take_rows(0).await?),
                    Ready::No => self.admit_due().await?,
                }
            }
        })
    }

    fn acknowledge(&self, done: Acknowledgement) -> StoreFuture<'_, ()> {
        Box::pin(async move {
            let (done, limits) = (Done::of(done, &self.file)?, self.letters.limits);
            let (size, leases) = (done.size(), Arc::clone(&self.leases));
            let write = move |batch: &Batch<'_>| done.write(batch, &leases, limits);
            self.file.write_then(Durability::Disk, size, write, Written::committed).await
        })
    }

    fn keeps_letters_in(&self, letters: &dyn LetterStore) -> bool {
        let keeps = ptr::addr_eq(letters, &*self.letters);
        self.has_letters_elsewhere.fetch_or(!keeps, Ordering::Relaxed);
        keeps
    }

    fn give_back(&self, ticket: Ticket) -> StoreFuture<'_, ()> {
        self.leases.give_back([ticket]);
        Box::pin(std::future::ready(Ok(())))
    }

    fn cancel(&self, event: EventId) -> StoreFuture<'_, bool> {
        let (event, now) = (event.to_string(), self.now());
        let cancel = move |batch: &Batch<'_>| rows::cancel(batch, &event, now);
        Box::pin(self.file.write(Durability::Disk, 0, cancel))
    }

    fn is_pending(&self, event: EventId) -> StoreFuture<'_, bool> {
        let (event, now) = (event.to_string(), self.now());
        Box::pin(self.file.read(move |connection| rows::is_pending(connection, &event, now)))
    }

    fn delayed(&self, filter: DelayedFilter, limit: usize) -> StoreFuture<'_, Vec<DelayedEvent>> {
        Box::pin(async move {
            let now = self.now();
            let read = move |connection: &Connection| rows::delayed(connection, &filter, now, limit);
            let mut delayed = Vec::new();
            for DelayedRow { number, due, name, frame } in self.file.read(read).await? {
                match self.file.read_event(&frame) {
                    Ok(event) => {
                        delayed.push(DelayedEvent::new(event, Timestamp::from_unix_micros(due), name));
                    }
                    Err(error) if error.kind() == StoreErrorKind::Unreadable => {
                        if UNREADABLE.allows() {
                            tracing::error!(number, %error, "a posted event cannot be read, and is left out");
                        }
                    }
                    Err(error) => return Err(error),
                }
            }
            Ok(delayed)
        })
    }

    fn count(&self) -> StoreFuture<'_, usize> {
        Box::pin(self.file.read(rows::count))
    }

    fn depths(&self) -> StoreFuture<'_, QueueDepths> {
        Box::pin(self.file.read(|connection| {
            let mut depths = QueueDepths::default();
            let priorities = [Priority::Background, Priority::Normal, Priority::High].map(BacklogRoom::Of);
            for room in priorities.into_iter().chain([BacklogRoom::Delayed]) {
                let Load { number, bytes } = load(connection, room.into())?;
                *depths.of(room) = QueueDepth::new(number, bytes);
            }
            Ok(depths)
        }))
    }
}
