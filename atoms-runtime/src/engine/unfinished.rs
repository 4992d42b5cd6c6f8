//! Which deliveries have not ended, for those who are told when a bus is shut down.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::under_way::{Counted, Part, UnderWay};
use crate::event::erased::EventRef;
use crate::event::{AnyEvent, EventId};
use crate::handler::HandlerInfo;

/// A delivery that had not ended when the bus was shut down.
#[derive(Debug, Clone)]
pub struct Unfinished {
    event_type: Box<str>,
    id: EventId,
    handler: Option<&'static HandlerInfo>,
    event: Option<AnyEvent>,
}

impl Unfinished {
    pub(crate) fn new(event: EventRef<'_>, handler: Option<&'static HandlerInfo>) -> Self {
        Self { event_type: event.name().into(), id: event.head().id().clone(), handler, event: None }
    }

    /// A posted event that no handler has begun.
    pub(crate) fn posted(event: &AnyEvent) -> Self {
        Self { event: Some(event.clone()), ..Self::new(event.event_ref(), None) }
    }

    /// Returns the event, if it was posted and no handler has begun with it. As many are kept as the queue had room for.
    pub fn event(&self) -> Option<&AnyEvent> {
        self.event.as_ref()
    }

    /// Returns the type string of the event.
    pub fn event_type(&self) -> &str {
        &self.event_type
    }

    /// Returns the id of the event.
    pub fn id(&self) -> &EventId {
        &self.id
    }

    /// Returns the handler, if it is a `detached` one, or something else that is [detached](crate::Bus::spawn_detached).
    pub fn handler(&self) -> Option<&'static HandlerInfo> {
        self.handler
    }
}

impl fmt::Display for Unfinished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` {}", self.event_type, self.id)?;
        self.handler.map_or(Ok(()), |handler| write!(f, " at {handler}"))
    }
}

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
