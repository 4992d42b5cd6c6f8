//! Who is told that questions were opened or have ended.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::Notify;

use crate::question::Question;
use crate::store::QuestionFilter;
use crate::sync::Mutex;

/// Who watches which questions. A watcher costs its filter, however much changes.
#[derive(Default)]
pub(crate) struct Watchers {
    table: Mutex<Table>,
}

#[derive(Default)]
struct Table {
    watchers: HashMap<u64, Watcher>,
    /// What the next one is called.
    next: u64,
}

struct Watcher {
    filter: QuestionFilter,
    changed: Arc<Notify>,
}

impl Watchers {
    /// Begins to watch: whoever changes a question after this tells, until the number is given to [`leave`](Self::leave).
    pub(crate) fn enter(&self, filter: QuestionFilter) -> (u64, Arc<Notify>) {
        let (changed, mut table) = (Arc::new(Notify::new()), self.table.lock());
        let number = table.next;
        table.next += 1;
        table.watchers.insert(number, Watcher { filter, changed: Arc::clone(&changed) });
        (number, changed)
    }

    pub(crate) fn leave(&self, number: u64) {
        self.table.lock().watchers.remove(&number);
    }

    /// Tells those that watch this question; all, if it is not known which one it is.
    pub(super) fn tell(&self, question: Option<&Question>) {
        for watcher in self.table.lock().watchers.values() {
            if question.is_none_or(|question| watcher.filter.matches(question)) {
                watcher.changed.notify_one();
            }
        }
    }
}

#[cfg(all(test, not(shuttle)))]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_left_of_a_watcher_that_goes() {
        let watchers = Watchers::default();
        let (first, _) = watchers.enter(QuestionFilter::default());
        let (second, _) = watchers.enter(QuestionFilter::default());
        watchers.leave(first);
        assert_eq!(watchers.table.lock().watchers.len(), 1);
        watchers.leave(second);
        assert_eq!(watchers.table.lock().watchers.len(), 0);
    }
}
