//! Subscribers of a running bus, beside the handlers that were known at its start.

use std::collections::HashMap;
use std::fmt;
use std::panic::Location;
use std::sync::{Arc, PoisonError, Weak};

use super::Shared;
use super::delivery::Step;
use super::failure::Recipient;
use crate::caught::drop_caught;
use crate::event::EventType;
use crate::sync::atomic::{AtomicUsize, Ordering};
use crate::sync::{RwLock, RwLockWriteGuard};

type Callback = Arc<dyn Fn(&Step<'_>) + Send + Sync>;

/// One subscriber.
#[derive(Clone)]
pub(crate) struct Subscriber {
    key: Key,
    place: &'static Location<'static>,
    callback: Callback,
}

/// Where a subscriber is found: by the index of its event, or among those of every event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Key {
    event: Option<usize>,
    number: u64,
}

impl Subscriber {
    pub(crate) fn recipient(&self) -> Recipient {
        Recipient::Subscriber(self.place)
    }

    /// Whether it takes events of one type only.
    pub(crate) fn is_typed(&self) -> bool {
        self.key.event.is_some()
    }

    pub(crate) fn call(&self, step: &Step<'_>) {
        (self.callback)(step);
    }
}

/// The subscribers of a bus.
#[derive(Default)]
pub(crate) struct Subscribers {
    /// How many there are, so that an emit need not look where there are none.
    count: AtomicUsize,
    lists: RwLock<Lists>,
}

#[derive(Default)]
struct Lists {
    next: u64,
    closed: bool,
    of_event: HashMap<Option<usize>, Arc<[Subscriber]>>,
}

/// The subscribers that one event is delivered to.
pub(crate) struct Snapshot {
    typed: Option<Arc<[Subscriber]>>,
    any: Option<Arc<[Subscriber]>>,
}

impl Snapshot {
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Subscriber> {
        [&self.typed, &self.any].into_iter().flatten().flat_map(|list| list.iter())
    }
}

impl Subscribers {
    fn write(&self) -> RwLockWriteGuard<'_, Lists> {
        self.lists.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether nobody is subscribed to anything.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.count.load(Ordering::Acquire) == 0
    }

    /// Those who are subscribed to this type of event now.
    #[inline]
    pub(crate) fn snapshot(&self, event_type: Option<&'static EventType>) -> Option<Snapshot> {
        (self.count.load(Ordering::Acquire) > 0).then(|| self.look_up(event_type))
    }

    #[cold]
    fn look_up(&self, event_type: Option<&'static EventType>) -> Snapshot {
        let lists = self.lists.read().unwrap_or_else(PoisonError::into_inner);
        let typed = event_type.and_then(|known| lists.of_event.get(&Some(known.index())).cloned());
        Snapshot { typed, any: lists.of_event.get(&None).cloned() }
    }

    /// Whether anybody is subscribed to this type of event, or to all.
    pub(crate) fn has(&self, event_type: Option<&'static EventType>) -> bool {
        self.snapshot(event_type).is_some_and(|snapshot| snapshot.iter().next().is_some())
    }

    /// Subscribes to one type of event, or to all; nothing happens on a bus that is shut down.
    pub(crate) fn add(
        &self,
        event_type: Option<&'static EventType>,
        place: &'static Location<'static>,
        callback: impl FnOnce(Key) -> Callback,
    ) -> Key {
        let mut lists = self.write();
        let key = Key { event: event_type.map(EventType::index), number: lists.next };
        lists.next += 1;
        if !lists.closed {
            let new = Subscriber { key, place, callback: callback(key) };
            let list = lists.of_event.entry(key.event).or_default();
            *list = list.iter().cloned().chain([new]).collect();
            self.count.fetch_add(1, Ordering::Release);
        }
        key
    }

    pub(crate) fn remove(&self, key: Key) {
        let mut lists = self.write();
        let Some(list) = lists.of_event.get_mut(&key.event) else { return };
        let left: Arc<[_]> = list.iter().filter(|subscriber| subscriber.key != key).cloned().collect();
        if left.len() < list.len() {
            self.count.fetch_sub(1, Ordering::Release);
        }
        // What a callback owns is dropped after the lock is let go, since it may hold subscriptions.
        let removed = if left.is_empty() {
            lists.of_event.remove(&key.event)
        } else {
            Some(std::mem::replace(list, left))
        };
        drop(lists);
        drop_caught(removed);
    }

    /// Ends all subscriptions, and refuses new ones.
    pub(crate) fn close(&self) {
        let mut lists = self.write();
        lists.closed = true;
        let all = std::mem::take(&mut lists.of_event);
        self.count.store(0, Ordering::Release);
        drop(lists);
        drop_caught(all);
    }
}

/// Keeps a subscriber on its bus; dropping it ends the subscription.
///
/// Once it is dropped no call starts, except in emits that have begun already.
#[must_use = "dropping a subscription ends it; `detach()` keeps it for as long as the bus lives"]
pub struct Subscription {
    bus: Weak<Shared>,
    key: Key,
}

impl Subscription {
    pub(crate) fn new(bus: Weak<Shared>, key: Key) -> Self {
        Self { bus, key }
    }

    /// Ends the subscription, as dropping it does.
    pub fn unsubscribe(self) {}

    /// Keeps the subscriber for as long as the bus lives.
    pub fn detach(mut self) {
        self.bus = Weak::new();
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        if let Some(bus) = self.bus.upgrade() {
            bus.subscribers.remove(self.key);
        }
    }
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription").field("number", &self.key.number).finish_non_exhaustive()
    }
}

impl fmt::Debug for Subscribers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Subscribers").field(&self.count.load(Ordering::Relaxed)).finish()
    }
}
