//! Counting what is under way, for those who wait until nothing is.

use std::pin::pin;
use std::sync::Arc;

use tokio::sync::Notify;

use crate::sync::atomic::{AtomicUsize, Ordering};

/// How much is under way on a bus: emits that wait for handlers, posted events, detached handlers.
#[derive(Debug, Default)]
pub(crate) struct UnderWay {
    count: AtomicUsize,
    none_left: Notify,
}

/// One thing that is under way until this is dropped.
#[derive(Debug)]
pub(crate) struct Counted(Arc<UnderWay>);

impl UnderWay {
    pub(crate) fn enter(self: &Arc<Self>) -> Counted {
        self.add(1);
        Counted(Arc::clone(self))
    }

    pub(crate) fn add(&self, things: usize) {
        self.count.fetch_add(things, Ordering::AcqRel);
    }

    pub(crate) fn remove(&self, things: usize) {
        if things > 0 && self.count.fetch_sub(things, Ordering::AcqRel) == things {
            self.none_left.notify_waiters();
        }
    }

    /// Resolves when nothing is under way.
    pub(crate) async fn idle(&self) {
        loop {
            let mut notified = pin!(self.none_left.notified());
            notified.as_mut().enable();
            if self.count.load(Ordering::Acquire) == 0 {
                return;
            }
            notified.await;
        }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.remove(1);
    }
}
