//! A backlog: posted events as bytes, in the order in which they came.

use std::cmp::Reverse;
use std::future::ready;
use std::pin::pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use atoms::{
    Acknowledgement, AnyEvent, Backlog, BacklogRoom, DelayName, DelayedEvent, DelayedFilter, EventId,
    EventKey, NewPost, Priority, QueueDepths, StoreError, StoreErrorKind, StoreFuture, StoredEvents, Taken,
    Ticket, Timestamp,
};
use tokio::sync::Notify;
use tokio::time::timeout;

/// Keeps posted events as the bytes that a file would have.
#[derive(Debug)]
pub struct Journal {
    capacity: usize,
    bytes: usize,
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    events: Option<StoredEvents>,
    /// By their numbers.
    entries: Vec<Entry>,
    posted: u64,
    admitted: u64,
}

#[derive(Debug)]
struct Entry {
    number: u64,
    event: Vec<u8>,
    id: EventId,
    key: Option<EventKey>,
    size: usize,
    priority: Priority,
    room: BacklogRoom,
    handlers: Vec<String>,
    due: Option<Timestamp>,
    name: Option<DelayName>,
    /// Its place in the order of admission, once it is admitted.
    place: Option<u64>,
    times: u64,
    is_taken: bool,
}

impl Journal {
    /// Has room for so many events of each priority, and so many that are due later, of so many bytes each.
    pub fn new(capacity: usize, bytes: usize) -> Self {
        Self { capacity, bytes, state: Mutex::default(), changed: Notify::new() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does something to the entries, and wakes those who wait for a change.
    fn change<'a, T: Send + 'a>(
        &'a self,
        change: impl FnOnce(&mut State) -> Result<T, StoreError> + Send + 'a,
    ) -> StoreFuture<'a, T> {
        Box::pin(async move {
            let changed = change(&mut self.lock());
            self.changed.notify_waiters();
            changed
        })
    }

    /// Waits until `look` returns `None`, or looks again after the time that it returns.
    async fn wait(&self, look: impl Fn(&mut State) -> Option<Duration>) {
        loop {
            let mut changed = pin!(self.changed.notified());
            changed.as_mut().enable();
            let Some(time) = look(&mut self.lock()) else { return };
            // Whether something has changed, or the time has come.
            let _ = timeout(time, changed).await;
        }
    }

    fn has_room(&self, used: (usize, usize), size: usize) -> bool {
        used.0 < self.capacity && (used.0 == 0 || used.1 + size <= self.bytes)
    }
}

/// For as long as nothing changes.
const LONG: Duration = Duration::from_secs(3_600);

impl State {
    fn events(&self) -> Result<&StoredEvents, StoreError> {
        self.events.as_ref().ok_or_else(|| StoreError::new(StoreErrorKind::Unavailable, "no bus has started"))
    }

    fn number_of(&self, id: &EventId) -> Option<u64> {
        self.entries.iter().find(|entry| entry.id == *id).map(|entry| entry.number)
    }

    /// How many events are in a room, and of how many bytes.
    fn used(&self, room: BacklogRoom) -> (usize, usize) {
        let inside = self.entries.iter().filter(|entry| entry.room == room);
        inside.fold((0, 0), |(count, bytes), entry| (count + 1, bytes + entry.size))
    }

    fn written(&self, post: NewPost) -> Result<Entry, StoreError> {
        let event = self.events()?.write(&post.event)?;
        Ok(Entry {
            number: 0,
            event,
            id: post.event.id().clone(),
            key: post.event.key(),
            size: post.size(),
            priority: post.priority,
            room: BacklogRoom::of(post.priority, post.due),
            handlers: post.handlers,
            due: post.due,
            name: post.name,
            place: None,
            times: 0,
            is_taken: false,
        })
    }

    fn insert(&mut self, mut entry: Entry) -> u64 {
        if let Some(number) = self.number_of(&entry.id) {
            return number;
        }
        self.posted += 1;
        entry.number = self.posted;
        if entry.due.is_none() {
            self.admitted += 1;
            entry.place = Some(self.admitted);
        }
        self.entries.push(entry);
        self.posted
    }

    /// Admits what is due; returns how long the next one waits.
    fn admit_due(&mut self) -> Duration {
        let now = Timestamp::now();
        let State { entries, admitted, .. } = self;
        let mut waiting: Vec<_> = entries.iter_mut().filter(|entry| entry.place.is_none()).collect();
        waiting.sort_by_key(|entry| (entry.due, entry.number));
        for entry in waiting {
            match entry.due {
                Some(due) if due > now => return due_in(due),
                _ => {
                    *admitted += 1;
                    (entry.place, entry.due) = (Some(*admitted), None);
                }
            }
        }
        LONG
    }

    /// The place of the event that is to be taken next.
    fn next(&self) -> Option<usize> {
        let waits_for_key = |entry: &Entry| {
            let is_before = |other: &Entry| other.place.is_some_and(|place| Some(place) < entry.place);
            entry.key.is_some() && self.entries.iter().any(|other| other.key == entry.key && is_before(other))
        };
        let admitted = self.entries.iter().enumerate().filter(|(_, entry)| entry.place.is_some());
        let ready = admitted.filter(|(_, entry)| !entry.is_taken && !waits_for_key(entry));
        ready.max_by_key(|(_, entry)| (entry.priority, Reverse(entry.place))).map(|(at, _)| at)
    }

    fn take_next(&mut self) -> Option<Taken> {
        loop {
            let at = self.next()?;
            let read = self.events().and_then(|events| events.read(&self.entries[at].event));
            let entry = &mut self.entries[at];
            (entry.times, entry.is_taken) = (entry.times + 1, true);
            let ticket = Ticket { id: entry.number, times: entry.times };
            match read {
                Ok(event) => return Some(entry.taken(ticket, event)),
                // It stays, for somebody to look at, and its key is free.
                Err(error) => {
                    eprintln!("event {} cannot be read: {error}", entry.number);
                    entry.key = None;
                }
            }
        }
    }

    fn find(&mut self, ticket: Ticket) -> Result<usize, StoreError> {
        let is_it =
            |entry: &Entry| entry.is_taken && Ticket { id: entry.number, times: entry.times } == ticket;
        let at = self.entries.iter().position(is_it);
        at.ok_or_else(|| StoreError::new(StoreErrorKind::Lost, "it was given back, or is done"))
    }
}

impl Entry {
    fn taken(&self, ticket: Ticket, event: AnyEvent) -> Taken {
        Taken { ticket, event, priority: self.priority, handlers: self.handlers.clone() }
    }

    fn is_pending(&self) -> bool {
        self.due.is_some_and(|due| due > Timestamp::now())
    }
}

fn due_in(due: Timestamp) -> Duration {
    let micros = due.unix_micros().saturating_sub(Timestamp::now().unix_micros());
    Duration::from_micros(micros.try_into().unwrap_or_default())
}

impl Backlog for Journal {
    fn start(&self, events: StoredEvents) {
        self.lock().events = Some(events);
    }

    fn post(&self, posts: Vec<NewPost>) -> StoreFuture<'_, Vec<u64>> {
        self.change(move |state| {
            let entries: Vec<_> =
                posts.into_iter().map(|post| state.written(post)).collect::<Result<_, _>>()?;
            let mut seen: Vec<(BacklogRoom, usize)> = Vec::new();
            for entry in entries.iter().filter(|entry| state.number_of(&entry.id).is_none()) {
                let with = seen.iter().filter(|(room, _)| *room == entry.room);
                let used =
                    with.fold(state.used(entry.room), |(count, bytes), (_, size)| (count + 1, bytes + size));
                if !self.has_room(used, entry.size) {
                    return Err(StoreError::new(StoreErrorKind::Full, "there are so many events already"));
                }
                seen.push((entry.room, entry.size));
            }
            Ok(entries.into_iter().map(|entry| state.insert(entry)).collect())
        })
    }

    fn room(&self, room: BacklogRoom, bytes: usize) -> StoreFuture<'_, ()> {
        Box::pin(async move {
            self.wait(|state| (!self.has_room(state.used(room), bytes)).then_some(LONG)).await;
            Ok(())
        })
    }

    fn take(&self, limit: usize) -> StoreFuture<'_, Vec<Taken>> {
        self.change(move |state| {
            state.admit_due();
            Ok(std::iter::from_fn(|| state.take_next()).take(limit).collect())
        })
    }

    fn ready(&self) -> StoreFuture<'_, ()> {
        Box::pin(async move {
            self.wait(|state| {
                let next_due = state.admit_due();
                state.next().is_none().then_some(next_due)
            })
            .await;
            Ok(())
        })
    }

    fn acknowledge(&self, done: Acknowledgement) -> StoreFuture<'_, ()> {
        self.change(move |state| {
            let at = state.find(done.ticket)?;
            let posts: Vec<_> =
                done.posts.into_iter().map(|post| state.written(post)).collect::<Result<_, _>>()?;
            state.entries[at].handlers.retain(|handler| !done.handlers.contains(handler));
            if state.entries[at].handlers.is_empty() {
                state.entries.remove(at);
            }
            for post in posts {
                state.insert(post);
            }
            Ok(())
        })
    }

    fn give_back(&self, ticket: Ticket) -> StoreFuture<'_, ()> {
        self.change(move |state| {
            if let Ok(at) = state.find(ticket) {
                state.entries[at].is_taken = false;
            }
            Ok(())
        })
    }

    fn cancel(&self, event: EventId) -> StoreFuture<'_, bool> {
        self.change(move |state| {
            let count = state.entries.len();
            state.entries.retain(|entry| entry.id != event || !entry.is_pending());
            Ok(state.entries.len() < count)
        })
    }

    fn is_pending(&self, event: EventId) -> StoreFuture<'_, bool> {
        let is_pending = self.lock().entries.iter().any(|entry| entry.id == event && entry.is_pending());
        Box::pin(ready(Ok(is_pending)))
    }

    fn delayed(&self, filter: DelayedFilter, limit: usize) -> StoreFuture<'_, Vec<DelayedEvent>> {
        self.change(move |state| {
            let pending = state.entries.iter().filter(|entry| entry.is_pending());
            let mut selected: Vec<_> = pending.filter(|entry| filter.selects(entry.name.as_ref())).collect();
            selected.sort_by_key(|entry| (entry.due, entry.number));
            let events = state.events()?;
            let listed = selected.into_iter().filter_map(|entry| {
                Some(DelayedEvent::new(events.read(&entry.event).ok()?, entry.due?, entry.name.clone()))
            });
            Ok(listed.take(limit).collect())
        })
    }

    fn count(&self) -> StoreFuture<'_, usize> {
        Box::pin(ready(Ok(self.lock().entries.len())))
    }

    fn depths(&self) -> StoreFuture<'_, QueueDepths> {
        let mut depths = QueueDepths::default();
        self.lock().entries.iter().for_each(|entry| depths.of(entry.room).add(entry.size));
        Box::pin(ready(Ok(depths)))
    }
}
