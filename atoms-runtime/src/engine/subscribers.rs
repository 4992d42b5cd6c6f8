//! Subscribers of a running bus, beside the handlers that were known at its start.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::panic::Location;
use std::sync::{Arc, PoisonError, Weak};

use super::Engine;
use super::step::Step;
use crate::caught::drop_caught;
use crate::event::EventType;
use crate::handler::Recipient;
use crate::sync::atomic::{AtomicUsize, Ordering};
use crate::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};

type Callback = Arc<dyn Fn(&Step<'_>) + Send + Sync>;

/// One subscriber.
#[derive(Clone)]
pub(crate) struct Subscriber {
    key: SubscriberKey,
    place: &'static Location<'static>,
    callback: Callback,
}

/// Where a subscriber is found: by the index of its event, or among those of every event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SubscriberKey {
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
    of_event: HashMap<Option<usize>, List>,
}

/// The subscribers of one type of event, or of every event.
#[derive(Default)]
struct List {
    /// In the order in which they subscribed.
    subscribers: BTreeMap<u64, Subscriber>,
    /// All of them, for the emits that meet them, until there is a change. So the list is copied once for an emit
    /// that calls all of them anyway, and never for a change.
    copy: Option<Copied>,
}

type Copied = Arc<[Subscriber]>;

/// The subscribers that one event is delivered to.
pub(crate) struct Snapshot {
    typed: Option<Copied>,
    any: Option<Copied>,
}

impl Snapshot {
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Subscriber> {
        [&self.typed, &self.any].into_iter().flatten().flat_map(|list| list.iter())
    }
}

impl Lists {
    /// Those of this type of event and those of every event, if no copy has to be made for that.
    fn copied(&self, typed: Option<Option<usize>>) -> Option<Snapshot> {
        let copied = |event| match self.of_event.get(&event) {
            None => Some(None),
            Some(list) => list.copy.clone().map(Some),
        };
        Some(Snapshot { typed: typed.map_or(Some(None), copied)?, any: copied(None)? })
    }

    fn copy(&mut self, event: Option<usize>) -> Option<Copied> {
        let List { subscribers, copy } = self.of_event.get_mut(&event)?;
        Some(copy.get_or_insert_with(|| subscribers.values().cloned().collect()).clone())
    }
}

impl Subscribers {
    fn read(&self) -> RwLockReadGuard<'_, Lists> {
        self.lists.read().unwrap_or_else(PoisonError::into_inner)
    }

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
        let typed = event_type.map(|known| Some(known.index()));
        if let Some(known) = self.read().copied(typed) {
            return known;
        }
        let mut lists = self.write();
        Snapshot { typed: typed.and_then(|typed| lists.copy(typed)), any: lists.copy(None) }
    }

    /// Whether anybody is subscribed to this type of event, or to all.
    #[inline]
    pub(crate) fn has(&self, event_type: Option<&'static EventType>) -> bool {
        !self.is_empty() && self.lists_has(event_type)
    }

    #[cold]
    fn lists_has(&self, event_type: Option<&'static EventType>) -> bool {
        let lists = self.read();
        let is_typed = event_type.is_some_and(|known| lists.of_event.contains_key(&Some(known.index())));
        is_typed || lists.of_event.contains_key(&None)
    }

    /// Subscribes to one type of event, or to all; nothing happens on a bus that is shut down.
    pub(crate) fn add(
        &self,
        event_type: Option<&'static EventType>,
        place: &'static Location<'static>,
        callback: impl FnOnce(SubscriberKey) -> Callback,
    ) -> SubscriberKey {
        let mut lists = self.write();
        let key = SubscriberKey { event: event_type.map(EventType::index), number: lists.next };
        lists.next += 1;
        if !lists.closed {
            let new = Subscriber { key, place, callback: callback(key) };
            let list = lists.of_event.entry(key.event).or_default();
            list.subscribers.insert(key.number, new);
            let outdated = list.copy.take();
            self.count.fetch_add(1, Ordering::Release);
            drop(lists);
            drop_caught(outdated);
        }
        key
    }

    pub(crate) fn remove(&self, key: SubscriberKey) {
        let mut lists = self.write();
        let Some(list) = lists.of_event.get_mut(&key.event) else { return };
        let Some(removed) = list.subscribers.remove(&key.number) else { return };
        let outdated = list.copy.take();
        if list.subscribers.is_empty() {
            lists.of_event.remove(&key.event);
        }
        self.count.fetch_sub(1, Ordering::Release);
        // What a callback owns is dropped after the lock is let go, since it may hold subscriptions.
        drop(lists);
        drop_caught((removed, outdated));
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
    bus: Weak<Engine>,
    key: SubscriberKey,
}

impl Subscription {
    pub(crate) fn new(bus: Weak<Engine>, key: SubscriberKey) -> Self {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Event;

    #[crate::event(type = "subscribers.ticked", crate = atoms_runtime)]
    struct Ticked {}

    #[crate::event(type = "subscribers.other", crate = atoms_runtime)]
    struct Other {}

    fn add<E: Event>(subscribers: &Subscribers) -> SubscriberKey {
        subscribers.add(Some(E::event_type()), Location::caller(), |_| Arc::new(|_| {}))
    }

    fn list_of<E: Event>(subscribers: &Subscribers) -> Copied {
        subscribers.snapshot(Some(E::event_type())).and_then(|snapshot| snapshot.typed).unwrap()
    }

    fn has_copy<E: Event>(subscribers: &Subscribers) -> bool {
        subscribers.read().of_event[&Some(E::event_type().index())].copy.is_some()
    }

    #[test]
    fn a_change_copies_no_list_and_an_emit_copies_one_after_it() {
        let subscribers = Subscribers::default();
        let keys: Vec<_> = (0..1_000).map(|_| add::<Ticked>(&subscribers)).collect();
        assert!(!has_copy::<Ticked>(&subscribers));
        let met = list_of::<Ticked>(&subscribers);
        assert_eq!(met.len(), 1_000);
        assert!(Arc::ptr_eq(&met, &list_of::<Ticked>(&subscribers)), "the next emit shares it");
        add::<Other>(&subscribers);
        assert!(Arc::ptr_eq(&met, &list_of::<Ticked>(&subscribers)), "others' changes leave it alone");
        for key in &keys[1..] {
            subscribers.remove(*key);
            assert!(!has_copy::<Ticked>(&subscribers));
        }
        assert_eq!(met.len(), 1_000, "who was met is called");
        let left = list_of::<Ticked>(&subscribers);
        assert_eq!(left.iter().map(|subscriber| subscriber.key).collect::<Vec<_>>(), [keys[0]]);
        subscribers.remove(keys[1]);
        assert!(has_copy::<Ticked>(&subscribers), "who was removed before is no change");
    }

    #[test]
    fn those_who_are_met_are_in_the_order_in_which_they_subscribed() {
        let subscribers = Subscribers::default();
        let keys: Vec<_> = (0..100).map(|_| add::<Ticked>(&subscribers)).collect();
        keys.iter().step_by(2).for_each(|key| subscribers.remove(*key));
        let late = add::<Ticked>(&subscribers);
        let met: Vec<_> = list_of::<Ticked>(&subscribers).iter().map(|subscriber| subscriber.key).collect();
        let expected: Vec<_> = keys.iter().skip(1).step_by(2).chain([&late]).copied().collect();
        assert_eq!(met, expected);
    }
}
