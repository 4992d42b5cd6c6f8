//! A backlog in memory.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::future::ready;
use std::pin::pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::{Either, select};
use tokio::sync::Notify;

use super::backlog::{Acknowledgement, Backlog, BacklogRoom, NewPost, Taken, Ticket};
use super::clock::{Clock, Now};
use super::{DelayName, DelayedEvent, DelayedFilter, Priority, QueueDepths};
use crate::engine::limits::{Limits, Load};
use crate::event::{AnyEvent, EventId, EventKey, Timestamp};
use crate::store::{StoreError, StoreErrorKind, StoreFuture};

/// A [`Backlog`] in memory, in the simplest way.
///
/// A bus has a queue in memory of its own, which is faster. This one outlives a bus, and several can share it, which
/// helps in tests.
#[derive(Debug)]
pub struct MemoryBacklog {
    limits: Limits,
    clock: Clock,
    state: Mutex<State>,
    /// Something may be taken, or there is room.
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    /// By their numbers.
    entries: HashMap<u64, Entry>,
    ids: HashMap<EventId, u64>,
    next: u64,
    /// The numbers of those that are not due, by their deadlines.
    delayed: BTreeSet<(i64, u64)>,
    /// The numbers of those that are admitted and not taken, by priority, in the order of admission.
    lines: [BTreeMap<u64, u64>; 3],
    next_in_line: u64,
    /// The numbers of those that are admitted and not done, in the order of admission.
    keys: HashMap<EventKey, VecDeque<u64>>,
    rooms: [Load; 4],
}

#[derive(Debug)]
struct Entry {
    event: AnyEvent,
    key: Option<EventKey>,
    priority: Priority,
    handlers: Vec<String>,
    room: BacklogRoom,
    bytes: usize,
    due: Option<i64>,
    name: Option<DelayName>,
    /// The place in its line, once it is admitted.
    place: u64,
    taken: u64,
    is_taken: bool,
}

impl MemoryBacklog {
    /// Creates a backlog for this many events of each priority, and as many that are not due, each in this many bytes
    /// of memory.
    pub fn new(capacity: usize, bytes: usize) -> Self {
        let limits = Limits { events: capacity, bytes };
        Self { limits, clock: Clock::new(), state: Mutex::default(), changed: Notify::new() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the state, and wakes those who wait.
    fn change<'a, T: Send + 'a>(
        &self,
        change: impl FnOnce(&mut State) -> Result<T, StoreError>,
    ) -> StoreFuture<'a, T> {
        let changed = change(&mut self.lock());
        self.changed.notify_waiters();
        Box::pin(ready(changed))
    }

    /// Resolves when `is_ready` returns `None`; looks again after the time that it returns, and at each change.
    async fn wait(&self, is_ready: impl Fn(&mut State) -> Option<Duration> + Send) {
        loop {
            let mut changed = pin!(self.changed.notified());
            changed.as_mut().enable();
            let Some(wait) = is_ready(&mut self.lock()) else { return };
            match wait {
                Duration::MAX => changed.await,
                wait => {
                    let (Either::Left(_) | Either::Right(_)) =
                        select(changed, pin!(tokio::time::sleep(wait))).await;
                }
            }
        }
    }
}

/// Keeps 1,024 events of each priority, in 64 MiB.
impl Default for MemoryBacklog {
    fn default() -> Self {
        Self::new(1_024, 64 * 1024 * 1024)
    }
}

impl Limits {
    fn has_room(self, load: Load, bytes: usize) -> bool {
        load.events < self.events && (load.bytes + bytes <= self.bytes || load.events == 0)
    }
}

fn index(room: BacklogRoom) -> usize {
    match room {
        BacklogRoom::Of(priority) => priority as usize,
        BacklogRoom::Delayed => 3,
    }
}

impl State {
    fn insert(&mut self, post: NewPost) -> u64 {
        let bytes = post.size();
        let NewPost { event, priority, due, name, handlers } = post;
        if let Some(id) = self.ids.get(event.id()) {
            return *id;
        }
        self.next += 1;
        let id = self.next;
        let room = BacklogRoom::of(priority, due);
        self.rooms[index(room)].add(bytes);
        self.ids.insert(event.id().clone(), id);
        let (key, due) = (event.key(), due.map(|due| due.unix_micros()));
        let (place, taken, is_taken) = (0, 0, false);
        let entry = Entry { event, key, priority, handlers, room, bytes, due, name, place, taken, is_taken };
        self.entries.insert(id, entry);
        match due {
            Some(due) => drop(self.delayed.insert((due, id))),
            None => self.admit(id),
        }
        id
    }

    fn admit(&mut self, id: u64) {
        let Some(entry) = self.entries.get_mut(&id) else { return };
        self.next_in_line += 1;
        (entry.place, entry.due) = (self.next_in_line, None);
        self.lines[entry.priority as usize].insert(entry.place, id);
        if let Some(key) = &entry.key {
            self.keys.entry(key.clone()).or_default().push_back(id);
        }
    }

    /// Admits what is due; for how long to wait before looking for the next one.
    fn admit_due(&mut self, now: Now) -> Option<Duration> {
        while let Some((due, id)) = self.delayed.first().copied() {
            if due > now.wall {
                return Some(now.wait(due));
            }
            self.delayed.pop_first();
            self.admit(id);
        }
        None
    }

    /// The next event that may be taken: the first of its key.
    fn next(&self) -> Option<u64> {
        let lines = self.lines.iter().rev().flat_map(BTreeMap::values);
        lines.copied().find(|id| {
            let key = self.entries.get(id).and_then(|entry| entry.key.as_ref());
            key.is_none_or(|key| self.keys.get(key).and_then(VecDeque::front) == Some(id))
        })
    }

    fn take_next(&mut self) -> Option<Taken> {
        let id = self.next()?;
        let entry = self.entries.get_mut(&id)?;
        self.lines[entry.priority as usize].remove(&entry.place);
        (entry.taken, entry.is_taken) = (entry.taken + 1, true);
        let ticket = Ticket { id, times: entry.taken };
        let (event, handlers) = (entry.event.clone(), entry.handlers.clone());
        Some(Taken { ticket, event, priority: entry.priority, handlers })
    }

    fn entry(&mut self, ticket: Ticket) -> Result<&mut Entry, StoreError> {
        let entry = self.entries.get_mut(&ticket.id);
        entry
            .filter(|entry| entry.is_taken && entry.taken == ticket.times)
            .ok_or_else(|| StoreError::new(StoreErrorKind::Lost, "it was given back, or is done"))
    }

    fn acknowledge(&mut self, done: Acknowledgement) -> Result<(), StoreError> {
        let entry = self.entry(done.ticket)?;
        entry.handlers.retain(|handler| !done.handlers.contains(handler));
        if entry.handlers.is_empty() {
            self.remove(done.ticket.id);
        }
        for post in done.posts {
            self.insert(post);
        }
        Ok(())
    }

    fn remove(&mut self, id: u64) {
        let Some(entry) = self.entries.remove(&id) else { return };
        self.ids.remove(entry.event.id());
        self.rooms[index(entry.room)].remove(entry.bytes);
        let Some(key) = &entry.key else { return };
        if let Some(waiting) = self.keys.get_mut(key) {
            waiting.retain(|other| *other != id);
            if waiting.is_empty() {
                self.keys.remove(key);
            }
        }
    }

    fn give_back(&mut self, ticket: Ticket) {
        if let Ok(entry) = self.entry(ticket) {
            entry.is_taken = false;
            let (line, place) = (entry.priority as usize, entry.place);
            self.lines[line].insert(place, ticket.id);
        }
    }

    /// Whether the event is not due.
    fn is_delayed(&self, id: u64, now: Now) -> bool {
        self.entries.get(&id).and_then(|entry| entry.due).is_some_and(|due| due > now.wall)
    }
}

impl Backlog for MemoryBacklog {
    fn post(&self, posts: Vec<NewPost>) -> StoreFuture<'_, Vec<u64>> {
        self.change(|state| {
            let mut rooms = state.rooms;
            for post in posts.iter().filter(|post| !state.ids.contains_key(post.event.id())) {
                let (load, bytes) =
                    (&mut rooms[index(BacklogRoom::of(post.priority, post.due))], post.size());
                if !self.limits.has_room(*load, bytes) {
                    let Limits { events, bytes } = self.limits;
                    let full =
                        format!("it has room for {events} events of a kind, and {bytes} bytes of them");
                    return Err(StoreError::new(StoreErrorKind::Full, full));
                }
                load.add(bytes);
            }
            Ok(posts.into_iter().map(|post| state.insert(post)).collect())
        })
    }

    fn room(&self, room: BacklogRoom, bytes: usize) -> StoreFuture<'_, ()> {
        Box::pin(async move {
            let has_room = |state: &mut State| self.limits.has_room(state.rooms[index(room)], bytes);
            self.wait(|state| (!has_room(state)).then_some(Duration::MAX)).await;
            Ok(())
        })
    }

    fn take(&self, limit: usize) -> StoreFuture<'_, Vec<Taken>> {
        let now = self.clock.both();
        self.change(|state| {
            state.admit_due(now);
            Ok(std::iter::from_fn(|| state.take_next()).take(limit).collect())
        })
    }

    fn ready(&self) -> StoreFuture<'_, ()> {
        Box::pin(async move {
            self.wait(|state| {
                let wait = state.admit_due(self.clock.both()).unwrap_or(Duration::MAX);
                state.next().is_none().then_some(wait)
            })
            .await;
            Ok(())
        })
    }

    fn acknowledge(&self, done: Acknowledgement) -> StoreFuture<'_, ()> {
        self.change(|state| state.acknowledge(done))
    }

    fn give_back(&self, ticket: Ticket) -> StoreFuture<'_, ()> {
        self.change(|state| {
            state.give_back(ticket);
            Ok(())
        })
    }

    fn cancel(&self, event: EventId) -> StoreFuture<'_, bool> {
        let now = self.clock.both();
        self.change(|state| {
            let Some(id) = state.ids.get(&event).copied() else { return Ok(false) };
            let is_delayed = state.is_delayed(id, now);
            if let (true, Some(due)) = (is_delayed, state.entries.get(&id).and_then(|entry| entry.due)) {
                state.delayed.remove(&(due, id));
                state.remove(id);
            }
            Ok(is_delayed)
        })
    }

    fn is_pending(&self, event: EventId) -> StoreFuture<'_, bool> {
        let (now, state) = (self.clock.both(), self.lock());
        let is_delayed = state.ids.get(&event).is_some_and(|id| state.is_delayed(*id, now));
        Box::pin(ready(Ok(is_delayed)))
    }

    fn delayed(&self, filter: DelayedFilter, limit: usize) -> StoreFuture<'_, Vec<DelayedEvent>> {
        let (now, state) = (self.clock.both(), self.lock());
        let delayed = state.delayed.iter().filter(|(due, _)| *due > now.wall);
        let delayed = delayed.filter_map(|(due, id)| {
            let entry = state.entries.get(id)?;
            let due = Timestamp::from_unix_micros(*due);
            let name = entry.name.as_ref();
            filter.selects(name).then(|| DelayedEvent::new(entry.event.clone(), due, name.cloned()))
        });
        Box::pin(ready(Ok(delayed.take(limit).collect())))
    }

    fn count(&self) -> StoreFuture<'_, usize> {
        Box::pin(ready(Ok(self.lock().entries.len())))
    }

    fn depths(&self) -> StoreFuture<'_, QueueDepths> {
        let mut depths = QueueDepths::default();
        self.lock().entries.values().for_each(|entry| depths.of(entry.room).add(entry.bytes));
        Box::pin(ready(Ok(depths)))
    }
}
