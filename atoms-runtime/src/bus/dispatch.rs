//! Calling handlers without a bus, as the nodes of a graph are called.

use std::fmt;
use std::sync::Arc;

use crate::engine::step::Step;
use crate::engine::{Bus, HandlerCall, Next, Outcome, scope};
use crate::event::AnyEvent;
use crate::handler::{Delivery, HandlerInfo, Outlet};

/// An event for handlers that no bus calls, such as the methods of nodes. It makes the [`Delivery`] of each handler,
/// from which the parameters are extracted as on a bus.
///
/// ```
/// use std::sync::{Arc, Mutex};
/// use std::task::{Context, Poll};
///
/// use atoms::prelude::*;
/// use atoms::{Dispatch, EmitOutcome, FromDelivery, Handler, HandlerError, Outlet};
///
/// #[event(type = "shop.order.created")]
/// struct OrderCreated;
///
/// #[event(type = "shop.order.confirmed")]
/// struct OrderConfirmed;
///
/// /// Describes the handler; what it does is called below.
/// #[handler]
/// fn confirm(_: &OrderCreated, out: Emitter<OrderConfirmed>) {
///     drop(out.emit(OrderConfirmed));
/// }
///
/// /// Keeps one event, and refuses all others.
/// #[derive(Default)]
/// struct First(Mutex<Option<AnyEvent>>);
///
/// impl Outlet for First {
///     fn emit(&self, event: AnyEvent) -> EmitOutcome {
///         let mut first = self.0.lock().unwrap();
///         if first.is_some() {
///             return EmitOutcome::Refused(atoms::Refusal::MailboxFull);
///         }
///         *first = Some(event);
///         EmitOutcome::Accepted
///     }
///
///     fn poll_room(&self, _: &mut Context<'_>) -> Poll<()> {
///         Poll::Ready(())
///     }
/// }
///
/// # fn main() -> Result<(), HandlerError> {
/// let bus = Bus::start()?;
/// let event = AnyEvent::from(Envelope::new(OrderCreated));
/// let kept = Arc::new(First::default());
/// let outlet: Arc<dyn Outlet> = kept.clone();
///
/// let dispatch = Dispatch::new(&event, &bus, &outlet);
/// let out = Emitter::from_delivery(&(), &dispatch.delivery(<confirm as Handler>::info))?;
/// Dispatch::enter(&event, || confirm(&OrderCreated, out));
/// assert!(kept.0.lock().unwrap().as_ref().unwrap().is::<OrderConfirmed>());
/// # Ok(())
/// # }
/// ```
pub struct Dispatch<'a> {
    step: Step<'a>,
    is_layered: bool,
}

impl<'a> Dispatch<'a> {
    /// Makes the dispatch of an event to handlers that emit into `outlet` and run on this bus.
    #[inline]
    pub fn new(event: &'a AnyEvent, bus: &'a Bus, outlet: &'a Arc<dyn Outlet>) -> Self {
        let step = Step::of_any(event, &bus.0).into_outlet(outlet);
        Self { step, is_layered: !bus.0.layers.is_empty() }
    }

    /// Returns the same without the layers of the bus: for a function that is not a handler of the event, such as one
    /// that is called when a node starts.
    #[must_use]
    pub fn without_layers(self) -> Self {
        Self { is_layered: false, ..self }
    }

    /// Returns the delivery to this handler, from which its parameters are extracted.
    #[inline]
    pub fn delivery(&self, handler: fn() -> &'static HandlerInfo) -> Delivery<'_> {
        self.step.delivery(handler)
    }

    /// Returns whether [layers](crate::Layer) of the bus may stand around the handler. If so, call it with
    /// [`call`](Self::call); otherwise it can be called directly.
    pub fn is_layered(&self) -> bool {
        self.is_layered
    }

    /// Calls this handler by `call`, with the layers of the bus around it. Each layer is asked for each delivery
    /// whether it covers the handler.
    pub async fn call(
        &self,
        handler: fn() -> &'static HandlerInfo,
        call: &mut (dyn HandlerCall + '_),
    ) -> Outcome {
        let layers: &[_] = if self.is_layered { &self.step.bus.layers } else { &[] };
        Next::around(layers, handler, call, &self.step).run().await
    }

    /// Calls a handler of the event, or polls its future. Events that the handler emits on a bus meanwhile are
    /// consequences of this event.
    pub fn enter<R>(event: &AnyEvent, call: impl FnOnce() -> R) -> R {
        scope::enter(event.event_ref().head(), call)
    }
}

impl fmt::Debug for Dispatch<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Dispatch").field(&self.step.event.name()).finish()
    }
}
