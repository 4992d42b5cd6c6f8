//! Where the events of a handler go, and what becomes of them when they are emitted.

use std::any::Any;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::Refusal;
use crate::event::{AnyEvent, Cause, Envelope, Event};

/// The destination of a handler's events: of those that it emits through its [`Emitter`](crate::Emitter), and of those
/// that it returns.
///
/// On a bus, this is the list of the events that are still to be delivered. A graph has one for each node, which leads
/// to the nodes behind it. [`Dispatch`](crate::Dispatch) shows another one.
///
/// An implementation must bound what it keeps, in number and in bytes, since a handler may emit any number of events
/// without waiting. Extracted parameters find it with [`Delivery::outlet`](crate::Delivery::outlet), and its type with
/// `Any`.
pub trait Outlet: Any + Send + Sync {
    /// Takes an event at once, or returns why it does not. It must not block.
    fn emit(&self, event: AnyEvent) -> EmitOutcome;

    /// Is ready when there is room for another event, which an awaited emitter waits for. Otherwise it wakes the task
    /// when there is room.
    fn poll_room(&self, cx: &mut Context<'_>) -> Poll<()>;

    /// Returns the event that the handler was called for, if each event that the handler emits is to name it as its
    /// cause before it gets here. By default, returns `None`.
    fn cause(&self) -> Option<&Cause> {
        None
    }
}

/// Emits an event into an outlet.
pub(crate) fn emit<E: Event>(outlet: &dyn Outlet, mut envelope: Envelope<E>) -> EmitOutcome {
    if let Some(cause) = outlet.cause() {
        cause.lead_to(&mut envelope);
    }
    outlet.emit(envelope.into())
}

/// What became of an event that a handler emitted, as far as it is known at once.
///
/// You need not check it: refused events are in the receipt of the root event or among the [dead
/// letters](crate::Bus::dead_letters).
///
/// ```
/// use atoms::{EmitOutcome, Emitter, event, handler};
///
/// #[event(type = "shop.order.created")]
/// struct OrderCreated;
/// #[event(type = "shop.order.packed")]
/// struct OrderPacked;
///
/// #[handler]
/// async fn pack(_: &OrderCreated, out: Emitter<OrderPacked>) {
///     tokio::spawn(async move {
///         if let EmitOutcome::Refused(why) = out.emit(OrderPacked).await {
///             println!("nobody will send it: {why}");
///         }
///     });
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EmitOutcome {
    /// The event will be delivered, unless its root event is cancelled before.
    Accepted,
    /// The event will not be delivered, for this reason.
    Refused(Refusal),
}

impl EmitOutcome {
    /// Returns whether the event will be delivered.
    pub fn is_accepted(&self) -> bool {
        *self == Self::Accepted
    }

    /// Returns why the event will not be delivered, or `None` if it will be.
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Accepted => None,
            Self::Refused(refusal) => Some(refusal),
        }
    }

    /// Returns the refusal as an error, so that it can be returned with `?`.
    pub fn into_result(self) -> Result<(), Refusal> {
        match self {
            Self::Accepted => Ok(()),
            Self::Refused(refusal) => Err(refusal),
        }
    }
}

/// An event that was emitted, as [`Emitter::emit`](crate::Emitter::emit) returns it.
///
/// Awaiting it waits for room in the list of events that are still to be delivered, or in the mailboxes
/// of nodes, and returns the [outcome](Self::outcome). Cancel-safe: the event is in the list already.
pub struct Emitting {
    outcome: EmitOutcome,
    outlet: Arc<dyn Outlet>,
}

impl Emitting {
    pub(super) fn new<E: Event>(outlet: &Arc<dyn Outlet>, envelope: Envelope<E>) -> Self {
        Self { outcome: emit(&**outlet, envelope), outlet: Arc::clone(outlet) }
    }

    /// Returns what became of the event, without waiting for room.
    pub fn outcome(&self) -> &EmitOutcome {
        &self.outcome
    }
}

impl Future for Emitting {
    type Output = EmitOutcome;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<EmitOutcome> {
        self.outlet.poll_room(cx).map(|()| self.outcome.clone())
    }
}

impl fmt::Debug for Emitting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Emitting").field("outcome", &self.outcome).finish_non_exhaustive()
    }
}
