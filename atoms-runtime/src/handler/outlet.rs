//! Where the events of a handler go, and what becomes of them when they are emitted.

use std::any::Any;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::Refusal;
use crate::event::{AnyEvent, Cause, Envelope, Event};

/// Where the events of a handler go: what its [`Emitter`](crate::Emitter) leads to, and what takes the events that
/// it returns.
///
/// On a bus, this is the list of the events that are still to be delivered. A graph has one for each node, which leads
/// to the nodes behind it. [`Dispatch`](crate::Dispatch) shows another one.
///
/// Whoever implements it bounds what it keeps, in number and in bytes: a handler may emit any number of events without
/// waiting. Extracted parameters find it again by [`Delivery::outlet`](crate::Delivery::outlet), and its type by `Any`.
pub trait Outlet: Any + Send + Sync {
    /// Takes an event at once, or returns why it does not. It must not block.
    fn emit(&self, event: AnyEvent) -> EmitOutcome;

    /// Returns whether there is room for another event, which is what an awaited emitter waits for; if there is none,
    /// wakes the task when there is.
    fn poll_room(&self, cx: &mut Context<'_>) -> Poll<()>;

    /// Returns the event that the handler was called for, if each event that it emits is to name that as its cause
    /// before it gets here. By default, none is named.
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
/// It need not be looked at: what was refused is in the receipt of the root event or among the
/// [dead letters](crate::Bus::dead_letters).
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
    /// Whether the event will be delivered.
    pub fn is_accepted(&self) -> bool {
        *self == Self::Accepted
    }

    /// Why the event will not be delivered, if it will not.
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Accepted => None,
            Self::Refused(refusal) => Some(refusal),
        }
    }

    /// The refusal as an error, for those who want to return it with `?`.
    pub fn into_result(self) -> Result<(), Refusal> {
        match self {
            Self::Accepted => Ok(()),
            Self::Refused(refusal) => Err(refusal),
        }
    }
}

/// An event that was emitted; what [`Emitter::emit`](crate::Emitter::emit) returns.
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

    /// What became of the event, without waiting for room.
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
