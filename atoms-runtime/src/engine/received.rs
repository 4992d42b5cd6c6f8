//! The ids of received events, of which each is delivered once.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::receipt::Duplicate;
use crate::event::EventId;

/// How many bytes an id takes beside its text: its places by id and by age.
const PLACES: usize = 160;

/// How many ids of received events a bus remembers, for [`BusBuilder::receive_once`](crate::BusBuilder::receive_once):
/// by default 65,536 of them, in 16 MiB of memory. At either limit, the oldest ids are forgotten.
///
/// An id takes about 160 bytes, and twice its length if it is not a UUID.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReceiveWindow {
    pub(crate) ids: usize,
    pub(crate) bytes: usize,
}

impl Default for ReceiveWindow {
    fn default() -> Self {
        Self { ids: 65_536, bytes: 16 * 1024 * 1024 }
    }
}

impl ReceiveWindow {
    /// Creates a window with the default limits.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets how many ids are remembered. With zero, the bus does not start.
    #[must_use]
    pub fn ids(self, ids: usize) -> Self {
        Self { ids, ..self }
    }

    /// Sets how many bytes of memory the ids may take. With zero, the bus does not start.
    #[must_use]
    pub fn bytes(self, bytes: usize) -> Self {
        Self { bytes, ..self }
    }
}

/// The ids that were received last.
#[derive(Debug)]
pub(crate) struct ReceivedIds {
    window: ReceiveWindow,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Whether each is handled.
    ids: HashMap<EventId, bool>,
    /// By their numbers, the oldest first.
    by_age: BTreeMap<u64, EventId>,
    next: u64,
    bytes: usize,
}

impl ReceivedIds {
    pub(crate) fn new(window: ReceiveWindow) -> Self {
        Self { window, state: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers an id, unless that is done already.
    pub(crate) fn begin(&self, id: &EventId) -> Result<Receiving<'_>, Duplicate> {
        let mut state = self.lock();
        if let Some(is_handled) = state.ids.get(id) {
            return Err(if *is_handled { Duplicate::Handled } else { Duplicate::UnderWay });
        }
        let number = state.add(id);
        while state.ids.len() > self.window.ids || state.bytes > self.window.bytes && state.ids.len() > 1 {
            state.forget_oldest();
        }
        Ok(Receiving { ids: self, number })
    }
}

impl State {
    fn add(&mut self, id: &EventId) -> u64 {
        self.next += 1;
        let number = self.next;
        self.ids.insert(id.clone(), false);
        self.by_age.insert(number, id.clone());
        self.bytes += size(id);
        number
    }

    fn forget_oldest(&mut self) {
        let oldest = self.by_age.first_key_value().map(|(number, _)| *number);
        oldest.into_iter().for_each(|number| self.forget(number));
    }

    fn forget(&mut self, number: u64) {
        if let Some(id) = self.by_age.remove(&number) {
            self.bytes -= size(&id);
            self.ids.remove(&id);
        }
    }
}

fn size(id: &EventId) -> usize {
    PLACES + 2 * id.heap_bytes()
}

/// An event that is being delivered for the first time. If this is dropped, its id is forgotten.
pub(crate) struct Receiving<'a> {
    ids: &'a ReceivedIds,
    number: u64,
}

impl Receiving<'_> {
    /// Its handlers have succeeded.
    pub(crate) fn handled(self) {
        let mut state = self.ids.lock();
        let State { ids, by_age, .. } = &mut *state;
        if let Some(is_handled) = by_age.get(&self.number).and_then(|id| ids.get_mut(id)) {
            *is_handled = true;
        }
        drop(state);
        std::mem::forget(self);
    }
}

impl Drop for Receiving<'_> {
    fn drop(&mut self) {
        self.ids.lock().forget(self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> EventId {
        text.parse().unwrap()
    }

    fn receive(ids: &ReceivedIds, text: &str) -> Result<(), Duplicate> {
        ids.begin(&id(text)).map(Receiving::handled)
    }

    #[test]
    fn the_oldest_ids_are_forgotten_at_either_limit() {
        for window in [
            ReceiveWindow::new().ids(2),
            ReceiveWindow::new().bytes(2 * size(&id("a"))),
            ReceiveWindow::new().bytes(2 * size(&id("a")) + 1),
        ] {
            let ids = ReceivedIds::new(window);
            for text in ["a", "b", "c"] {
                receive(&ids, text).unwrap();
            }
            assert_eq!(receive(&ids, "b"), Err(Duplicate::Handled));
            assert_eq!(receive(&ids, "c"), Err(Duplicate::Handled));
            assert_eq!(receive(&ids, "a"), Ok(()));
            let state = ids.lock();
            assert_eq!((state.ids.len(), state.by_age.len(), state.bytes), (2, 2, 2 * size(&id("a"))));
        }
    }

    #[test]
    fn an_id_that_is_larger_than_all_room_is_remembered_alone() {
        let ids = ReceivedIds::new(ReceiveWindow::new().bytes(1));
        assert_eq!([receive(&ids, "a"), receive(&ids, "a")], [Ok(()), Err(Duplicate::Handled)]);
    }

    #[test]
    fn what_is_under_way_may_be_forgotten_and_then_received_again() {
        let ids = ReceivedIds::new(ReceiveWindow::new().ids(1));
        let first = ids.begin(&id("a")).unwrap();
        assert_eq!(ids.begin(&id("a")).err(), Some(Duplicate::UnderWay));
        receive(&ids, "b").unwrap();
        let second = ids.begin(&id("a")).unwrap();
        drop(first);
        assert_eq!(ids.begin(&id("a")).err(), Some(Duplicate::UnderWay));
        drop(second);
        receive(&ids, "a").unwrap();
    }
}
