//! Which deliveries are waiting for their handlers.

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::shutdown::Unfinished;
use crate::event::erased::EventRef;
use crate::handler::HandlerInfo;

/// The deliveries that wait for handlers.
#[derive(Debug, Default)]
pub(super) struct InFlight(Arc<State>);

#[derive(Debug, Default)]
struct State {
    waiting: Mutex<Waiting>,
    none_left: Notify,
}

#[derive(Debug, Default)]
struct Waiting {
    next: u64,
    deliveries: BTreeMap<u64, Unfinished>,
}

/// One delivery that waits.
#[derive(Debug)]
pub(super) struct Entered {
    state: Arc<State>,
    number: u64,
}

impl State {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl InFlight {
    /// Counts the delivery of an event, to one handler or to all of them.
    pub(super) fn enter(&self, event: EventRef<'_>, handler: Option<&'static HandlerInfo>) -> Entered {
        let delivery = Unfinished::new(event, handler);
        let mut waiting = self.0.lock();
        let number = waiting.next;
        waiting.next += 1;
        waiting.deliveries.insert(number, delivery);
        Entered { state: Arc::clone(&self.0), number }
    }

    pub(super) fn is_idle(&self) -> bool {
        self.0.lock().deliveries.is_empty()
    }

    /// Resolves when none waits.
    pub(super) async fn idle(&self) {
        loop {
            let mut notified = pin!(self.0.none_left.notified());
            notified.as_mut().enable();
            if self.is_idle() {
                return;
            }
            notified.await;
        }
    }

    /// What waits now.
    pub(super) fn list(&self) -> Vec<Unfinished> {
        self.0.lock().deliveries.values().cloned().collect()
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        let mut waiting = self.state.lock();
        waiting.deliveries.remove(&self.number);
        let none_left = waiting.deliveries.is_empty();
        drop(waiting);
        if none_left {
            self.state.none_left.notify_waiters();
        }
    }
}
