//! Which deliveries are waiting for their handlers.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::under_way::{Counted, Part, UnderWay};
use crate::bus::shutdown::Unfinished;
use crate::event::erased::EventRef;
use crate::handler::HandlerInfo;

/// The deliveries that wait for handlers.
#[derive(Debug, Default)]
pub(crate) struct InFlight {
    waiting: Mutex<Waiting>,
}

#[derive(Debug, Default)]
struct Waiting {
    next: u64,
    deliveries: BTreeMap<u64, (Unfinished, Arc<Part>)>,
}

/// One delivery that waits.
#[derive(Debug)]
pub(crate) struct Entered<'a> {
    in_flight: &'a InFlight,
    number: u64,
    counted: Counted,
}

impl InFlight {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts the delivery of an event, to one handler or to all of them.
    pub(crate) fn enter(
        &self,
        event: EventRef<'_>,
        handler: Option<&'static HandlerInfo>,
        under_way: &Arc<UnderWay>,
    ) -> Entered<'_> {
        let (delivery, counted) = (Unfinished::new(event, handler), under_way.enter());
        let mut waiting = self.lock();
        let number = waiting.next;
        waiting.next += 1;
        waiting.deliveries.insert(number, (delivery, Arc::clone(counted.part())));
        Entered { in_flight: self, number, counted }
    }

    /// What waits now, for something else than until nothing is under way.
    pub(crate) fn list(&self) -> Vec<Unfinished> {
        let waiting = self.lock();
        let counting = waiting.deliveries.values().filter(|(_, part)| part.counts());
        counting.map(|(delivery, _)| delivery.clone()).collect()
    }
}

impl Entered<'_> {
    pub(crate) fn part(&self) -> &Arc<Part> {
        self.counted.part()
    }
}

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        self.in_flight.lock().deliveries.remove(&self.number);
    }
}
