//! Which calls were gone on with in this process, so that an event that comes twice makes no second call.

use std::collections::{HashSet, VecDeque};
use std::sync::{Mutex, PoisonError};

use atoms_control::QuestionId;

/// How many are known: the last ones.
const MOST: usize = 4_096;

/// The questions whose calls were gone on with.
#[derive(Default)]
pub(crate) struct Made(Mutex<Known>);

#[derive(Default)]
struct Known {
    ids: HashSet<QuestionId>,
    in_order: VecDeque<QuestionId>,
}

impl Made {
    /// Returns whether this is the first time.
    pub(crate) fn begin(&self, id: QuestionId) -> bool {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !known.ids.insert(id) {
            return false;
        }
        known.in_order.push_back(id);
        if known.in_order.len() > MOST
            && let Some(first) = known.in_order.pop_front()
        {
            known.ids.remove(&first);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_made_once_and_the_last_ones_are_known() {
        let made = Made::default();
        let first = QuestionId::generate();
        assert!(made.begin(first));
        assert!(!made.begin(first));
        for _ in 0..MOST {
            assert!(made.begin(QuestionId::generate()));
        }
        assert!(made.begin(first));
        assert_eq!(made.0.lock().unwrap().ids.len(), MOST);
    }
}
