//! Counting what is under way, for those who wait until nothing is.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Notify;

/// How much is under way on a bus: emits that wait for handlers, posted events, detached handlers.
#[derive(Debug, Default)]
pub(super) struct UnderWay {
    count: AtomicUsize,
    none_left: Notify,
}

/// One thing that is under way until this is dropped.
#[derive(Debug)]
pub(super) struct Counted(Arc<UnderWay>);

impl UnderWay {
    pub(super) fn enter(self: &Arc<Self>) -> Counted {
        self.add(1);
        Counted(Arc::clone(self))
    }

    pub(super) fn add(&self, things: usize) {
        self.count.fetch_add(things, Ordering::AcqRel);
    }

    pub(super) fn remove(&self, things: usize) {
        if things > 0 && self.count.fetch_sub(things, Ordering::AcqRel) == things {
            self.none_left.notify_waiters();
        }
    }

    /// Resolves when nothing is under way.
    pub(super) async fn idle(&self) {
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
