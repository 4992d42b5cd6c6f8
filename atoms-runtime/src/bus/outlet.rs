//! Handlers that something else than a bus calls, such as the nodes of a graph.

use std::any::Any;
use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::delivery::{Delivery, Step};
use super::source::EmitOutcome;
use super::{Bus, scope};
use crate::event::AnyEvent;
use crate::handler::HandlerInfo;

/// Where the events go of a handler that something else than a bus calls.
pub trait Outlet: Any + Send + Sync {
    /// Takes an event at once, or says why not.
    fn emit(&self, event: AnyEvent) -> EmitOutcome;

    /// Whether there is room for another event, which is what an awaited emitter waits for.
    fn poll_room(&self, cx: &mut Context<'_>) -> Poll<()>;
}

/// An event for a handler that something else than a bus calls.
pub struct Call<'a>(Step<'a>);

impl<'a> Call<'a> {
    /// The event is for a handler that emits into `outlet`, and knows of `bus`.
    pub fn new(event: &'a AnyEvent, bus: &'a Bus, outlet: &'a Arc<dyn Outlet>) -> Self {
        Self(Step::of_any(event, &bus.0).into_outlet(outlet))
    }

    /// What the parameters of the handler are extracted from.
    pub fn delivery(&self, handler: fn() -> &'static HandlerInfo) -> Delivery<'_> {
        Delivery::new(&self.0, handler)
    }

    /// Polls the handler: what it emits on a bus meanwhile is a consequence of the event.
    pub fn enter<R>(event: &AnyEvent, poll: impl FnOnce() -> R) -> R {
        scope::enter(event.event_ref().head(), poll)
    }
}

impl Delivery<'_> {
    /// Where the events of the handler go, if something else than a bus calls it.
    pub fn outlet(&self) -> Option<&Arc<dyn Outlet>> {
        self.step().outlet()
    }
}

impl fmt::Debug for Call<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Call").field(&self.0.event.name()).finish()
    }
}
