//! One event on its way to its handlers.

use std::fmt;
use std::sync::{Arc, OnceLock};

use super::worklist::{Source, Worklist};
use super::{Bus, Shared};
use crate::event::erased::EventRef;
use crate::event::{AnyEvent, Event, EventId, Metadata, Timestamp};
use crate::handler::HandlerInfo;

/// One event that is being delivered, and the place of its receipt in the tree of the root's.
pub(crate) struct Step<'a> {
    pub(crate) event: EventRef<'a>,
    pub(crate) bus: &'a Arc<Shared>,
    /// Made when something is emitted, or may be.
    pub(crate) worklist: OnceLock<Arc<Worklist>>,
    pub(crate) node: usize,
    any: OnceLock<AnyEvent>,
    source: OnceLock<Source>,
}

impl<'a> Step<'a> {
    #[inline]
    pub(crate) fn new(
        event: EventRef<'a>,
        bus: &'a Arc<Shared>,
        worklist: OnceLock<Arc<Worklist>>,
        node: usize,
    ) -> Self {
        Self { event, bus, worklist, node, any: OnceLock::new(), source: OnceLock::new() }
    }

    /// As [`new`](Self::new), of an event that is shared already.
    pub(crate) fn of_any(
        event: &'a AnyEvent,
        bus: &'a Arc<Shared>,
        worklist: OnceLock<Arc<Worklist>>,
        node: usize,
    ) -> Self {
        Self { any: event.clone().into(), ..Self::new(event.event_ref(), bus, worklist, node) }
    }

    /// The event as one that can be kept; cloned once, when somebody first wants it.
    pub(crate) fn any(&self) -> &AnyEvent {
        self.any.get_or_init(|| self.event.to_any())
    }

    /// Where the handlers' events come from; made once, when one is emitted or may be.
    fn source(&self) -> &Source {
        self.source.get_or_init(|| {
            let worklist = self.worklist.get_or_init(Arc::default);
            Source::new(worklist.clone(), self.event.head(), self.node, self.bus.hop_limit)
        })
    }
}

/// One call of one handler for one event: what its parameters are extracted from.
pub struct Delivery<'a> {
    step: &'a Step<'a>,
    handler: fn() -> &'static HandlerInfo,
}

impl<'a> Delivery<'a> {
    #[inline]
    pub(crate) fn new(step: &'a Step<'a>, handler: fn() -> &'static HandlerInfo) -> Self {
        Self { step, handler }
    }

    /// The handler that is called.
    pub fn handler(&self) -> &'static HandlerInfo {
        (self.handler)()
    }

    /// The event, shared: a clone of it, made once for all that ask.
    pub fn any(&self) -> &'a AnyEvent {
        self.step.any()
    }

    /// The type string of the event.
    pub fn event_type(&self) -> &'a str {
        self.step.event.name()
    }

    /// The id of the event; made now if there is none yet.
    pub fn id(&self) -> &'a EventId {
        self.step.event.head().id()
    }

    /// The timestamp of the event; taken now if there is none yet.
    pub fn timestamp(&self) -> Timestamp {
        self.step.event.head().timestamp()
    }

    /// The metadata of the event.
    pub fn metadata(&self) -> &'a Metadata {
        self.step.event.head().metadata()
    }

    /// How many events lie between this one and the one that its chain began with.
    pub fn hops(&self) -> u32 {
        self.step.event.head().hops()
    }

    /// The bus that the handler runs on.
    pub fn bus(&self) -> Bus {
        Bus::from(Arc::clone(self.step.bus))
    }

    #[inline]
    pub(crate) fn event(&self) -> EventRef<'a> {
        self.step.event
    }

    pub(crate) fn source(&self) -> Source {
        self.step.source().clone()
    }

    /// Emits an event as a consequence of this one.
    pub(crate) fn follow_up<E: Event>(&self, event: E) {
        E::__needs_handler::<()>();
        drop(self.step.source().emit(event));
    }
}

impl fmt::Debug for Delivery<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery")
            .field("event_type", &self.event_type())
            .field("id", self.id())
            .field("handler", &self.handler().path())
            .finish_non_exhaustive()
    }
}
