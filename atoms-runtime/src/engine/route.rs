//! Ways that events go besides the handlers of a bus.

use std::fmt;
use std::sync::Arc;

use super::Bus;
use crate::event::{AnyEvent, Carried, Metadata, Stored};

/// A destination of events besides the handlers of their bus, such as sessions.
///
/// [`Emit::via`](crate::Emit::via) sends one event along a route, and [`Routed`] all that follow from an event.
pub trait Route: Send + Sync + 'static {
    /// Takes an event before the handlers of the bus get it. The handlers see the metadata that are set here.
    ///
    /// It is called once for each event, and not for one that the bus or a [layer](crate::EmitLayer) refuses.
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
