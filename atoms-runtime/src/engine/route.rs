//! Ways that events go besides the handlers of a bus.

use std::fmt;
use std::sync::Arc;

use super::{Bus, Engine};
use crate::event::{AnyEvent, Carried, Head, Metadata, Stored};
use crate::handler::Veto;

/// A way that events go besides the handlers of their bus: into sessions, for instance.
///
/// [`Emit::via`](crate::Emit::via) sends one event such a way, and [`Routed`] all that follow from an event.
pub trait Route: Send + Sync + 'static {
    /// Takes an event, before the handlers of the bus get it. They see what is set in the metadata here.
    ///
    /// It is called once for each event, and not for one that the bus or an [`Interceptor`](crate::Interceptor) refuses.
    /// It must not block. A panic is a veto.
    fn take(&self, bus: &Bus, event: &AnyEvent, metadata: &mut Metadata);
}

/// The [`Route`] of the event that [carries](Carried) it, and of all that follow from that event.
///
/// A stored event does not keep it: it leads to something in this process.
#[derive(Clone)]
pub struct Routed(pub Arc<dyn Route>);

impl Carried for Routed {
    const STORED: Option<Stored<Self>> = None;
}

impl fmt::Debug for Routed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Routed")
    }
}

impl Engine {
    /// Whether interceptors are asked of the event with this head when it is emitted, or it may have a route.
    #[inline]
    pub(crate) fn looks_at(&self, head: &Head) -> bool {
        self.is_intercepted || !head.carrying().is_empty()
    }

    /// Asks the interceptors, and sends the event `via` a route, or the one that it carries. The event has its
    /// metadata as they are then.
    pub(crate) fn before_emit(
        self: &Arc<Self>,
        event: AnyEvent,
        via: Option<&dyn Route>,
        is_refused: bool,
    ) -> (AnyEvent, Result<(), Veto>) {
        if !self.is_intercepted && via.is_none() && event.carried::<Routed>().is_none() {
            return (event, Ok(()));
        }
        self.interceptors.before_emit(event, |event, metadata| {
            let route = via.or_else(|| event.carried::<Routed>().map(|routed| &*routed.0));
            if let Some(route) = route.filter(|_| !is_refused) {
                route.take(&Bus(Arc::clone(self)), event, metadata);
            }
        })
    }
}
