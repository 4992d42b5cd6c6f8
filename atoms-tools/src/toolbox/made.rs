//! The calls that were resumed in this process, so that an event that comes twice makes no second call.

use std::collections::{HashSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use atoms_control::QuestionId;

/// How many of the last ones are kept.
const MOST: usize = 4_096;

/// The questions whose calls were resumed.
#[derive(Default)]
pub(crate) struct Made(Mutex<Known>);

#[derive(Default)]
struct Known {
    ids: HashSet<QuestionId>,
    in_order: VecDeque<QuestionId>,
}

/// A call that is gone on with. If this is dropped before it is [done](Self::done), the call may be gone on with again: its
/// runtime has ended, and the event comes again in another one.
pub(crate) struct Making<'a> {
    made: &'a Made,
    id: QuestionId,
    is_done: bool,
}

impl Made {
    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Goes on with a call, if this is the first time.
    pub(crate) fn begin(&self, id: QuestionId) -> Option<Making<'_>> {
        let mut known = self.lock();
        if !known.ids.insert(id) {
            return None;
        }
        known.in_order.push_back(id);
        if known.in_order.len() > MOST
            && let Some(first) = known.in_order.pop_front()
        {
            known.ids.remove(&first);
        }
        Some(Making { made: self, id, is_done: false })
    }
}

impl Making<'_> {
    pub(crate) fn done(mut self) {
        self.is_done = true;
    }
}

impl Drop for Making<'_> {
    fn drop(&mut self) {
        if !self.is_done {
            let mut known = self.made.lock();
            known.ids.remove(&self.id);
            known.in_order.retain(|other| *other != self.id);
        }
    }
}

#[cfg(all(test, not(shuttle)))]
mod tests {
    use super::*;

    #[test]
    fn each_is_made_once_and_the_last_ones_are_known() {
        let made = Made::default();
        let first = QuestionId::generate();
        made.begin(first).unwrap().done();
        assert!(made.begin(first).is_none());
        for _ in 0..MOST {
            made.begin(QuestionId::generate()).unwrap().done();
        }
        assert!(made.begin(first).is_some());
        assert_eq!(made.lock().ids.len(), MOST - 1);
    }

    #[test]
    fn what_does_not_come_to_its_end_is_made_again() {
        let made = Made::default();
        let id = QuestionId::generate();
        let making = made.begin(id).unwrap();
        assert!(made.begin(id).is_none());
        drop(making);
        made.begin(id).unwrap().done();
        let known = made.lock();
        assert_eq!((known.ids.len(), known.in_order.len()), (1, 1));
    }
}
