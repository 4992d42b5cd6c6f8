//! Counting the emits that are waiting for their handlers.

use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Notify;

/// How many emits wait for async handlers.
#[derive(Debug, Default)]
pub(super) struct InFlight {
    count: AtomicUsize,
    none_left: Notify,
}

/// One emit that waits.
pub(super) struct Waiting<'a>(&'a InFlight);

impl InFlight {
    pub(super) fn enter(&self) -> Waiting<'_> {
        self.count.fetch_add(1, Ordering::AcqRel);
        Waiting(self)
    }

    /// Resolves when none waits.
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

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if self.0.count.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.0.none_left.notify_waiters();
        }
    }
}
