//! Which deliveries are waiting for their handlers.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::shutdown::Unfinished;
use super::under_way::{Counted, UnderWay};
use crate::event::erased::EventRef;
use crate::handler::HandlerInfo;

/// The deliveries that wait for handlers.
#[derive(Debug, Default)]
pub(super) struct InFlight {
    waiting: Mutex<Waiting>,
}

#[derive(Debug, Default)]
struct Waiting {
    next: u64,
    deliveries: BTreeMap<u64, Unfinished>,
}

/// One delivery that waits.
#[derive(Debug)]
pub(super) struct Entered<'a> {
    in_flight: &'a InFlight,
    number: u64,
    _counted: Counted,
}

impl InFlight {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts the delivery of an event, to one handler or to all of them.
    pub(super) fn enter(
        &self,
        event: EventRef<'_>,
        handler: Option<&'static HandlerInfo>,
        under_way: &Arc<UnderWay>,
    ) -> Entered<'_> {
        let delivery = Unfinished::new(event, handler);
        let mut waiting = self.lock();
        let number = waiting.next;
        waiting.next += 1;
        waiting.deliveries.insert(number, delivery);
        Entered { in_flight: self, number, _counted: under_way.enter() }
    }

    /// What waits now.
    pub(super) fn list(&self) -> Vec<Unfinished> {
        self.lock().deliveries.values().cloned().collect()
    }
}

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        self.in_flight.lock().deliveries.remove(&self.number);
    }
}
