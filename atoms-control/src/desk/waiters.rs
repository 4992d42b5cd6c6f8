//! Who waits for the end of which question.

use std::collections::HashMap;
use std::pin::pin;
use std::sync::{Arc, OnceLock};

use tokio::sync::Notify;

use crate::question::{Question, QuestionId};
use crate::sync::Mutex;

/// Who waits, by question.
#[derive(Default)]
pub(crate) struct Waiters {
    table: Mutex<Table>,
}

#[derive(Default)]
struct Table {
    slots: HashMap<QuestionId, Slot>,
    is_closed: bool,
}

struct Slot {
    told: Arc<Told>,
    waiters: usize,
}

#[derive(Default)]
struct Told {
    /// The question with its end; `None` if nobody will be told of one.
    end: OnceLock<Option<Arc<Question>>>,
    changed: Notify,
}

/// One who waits, until this is dropped.
pub(crate) struct Waiter<'a> {
    waiters: &'a Waiters,
    id: QuestionId,
    told: Arc<Told>,
}

impl Waiters {
    /// Begins to wait: whoever ends the question after this tells the waiter. Whoever has done so before has not, so look at
    /// the question after this. `None` if nobody is told any more.
    pub(crate) fn enter(&self, id: QuestionId) -> Option<Waiter<'_>> {
        let mut table = self.table.lock();
        if table.is_closed {
            return None;
        }
        let slot = table.slots.entry(id).or_insert_with(|| Slot { told: Arc::default(), waiters: 0 });
        slot.waiters += 1;
        Some(Waiter { waiters: self, id, told: Arc::clone(&slot.told) })
    }

    /// Tells all who wait for a question that it has ended.
    pub(crate) fn tell(&self, ended: &Arc<Question>) {
        let slot = self.table.lock().slots.remove(&ended.id);
        if let Some(slot) = slot {
            slot.told.tell(Some(Arc::clone(ended)));
        }
    }

    /// Tells all who wait, for whatever question, that they will not be told of an end.
    pub(crate) fn close(&self) {
        let mut table = self.table.lock();
        table.is_closed = true;
        let slots = std::mem::take(&mut table.slots);
        drop(table);
        slots.into_values().for_each(|slot| slot.told.tell(None));
    }

    /// How many questions are waited for.
    #[cfg(all(test, shuttle))]
    pub(crate) fn len(&self) -> usize {
        self.table.lock().slots.len()
    }
}

impl Told {
    fn tell(&self, end: Option<Arc<Question>>) {
        let _first = self.end.set(end);
        self.changed.notify_waiters();
    }
}

impl Waiter<'_> {
    /// Resolves with the question when it has ended; with `None` if nobody will say so.
    pub(crate) async fn told(self) -> Option<Arc<Question>> {
        loop {
            let mut changed = pin!(self.told.changed.notified());
            changed.as_mut().enable();
            if let Some(end) = self.told.end.get() {
                return end.clone();
            }
            changed.await;
        }
    }
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        let mut table = self.waiters.table.lock();
        // There is another slot if the question has ended, and somebody waits for it again.
        let Some(slot) = table.slots.get_mut(&self.id).filter(|slot| Arc::ptr_eq(&slot.told, &self.told))
        else {
            return;
        };
        slot.waiters -= 1;
        if slot.waiters == 0 {
            table.slots.remove(&self.id);
        }
    }
}
