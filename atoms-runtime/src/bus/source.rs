//! Where the events of a handler come from, and what becomes of them when they are emitted.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::failure::Refusal;
use super::outlet::Outlet;
use super::worklist::{Queued, Worklist};
use crate::event::{AnyEvent, Envelope, Event, Head};

/// Where a handler's events come from: the event that it was called for.
#[derive(Clone)]
pub(crate) enum Source {
    Event(Cause),
    /// It is not the bus that calls the handler.
    Outlet(Arc<dyn Outlet>),
}

/// The event that a handler was called for.
#[derive(Clone)]
pub(crate) struct Cause {
    worklist: Arc<Worklist>,
    /// The emitting event's envelope.
    parent: Arc<Head>,
    node: usize,
    hop_limit: u32,
}

impl Source {
    pub(crate) fn new(worklist: Arc<Worklist>, parent: &Head, node: usize, hop_limit: u32) -> Self {
        Self::Event(Cause { worklist, parent: Arc::new(parent.as_cause()), node, hop_limit })
    }

    pub(crate) fn emit<E: Event>(&self, envelope: Envelope<E>) -> Emitting {
        match self {
            Self::Event(cause) => {
                Emitting { outcome: cause.emit(envelope), room: Room::Worklist(Arc::clone(&cause.worklist)) }
            }
            Self::Outlet(outlet) => {
                Emitting { outcome: outlet.emit(envelope.into()), room: Room::Outlet(Arc::clone(outlet)) }
            }
        }
    }

    /// Emits what the bus itself has to tell, also at the end of a chain that was too long.
    pub(crate) fn tell<E: Event>(&self, event: E) {
        match self {
            Self::Event(cause) => cause.tell(event),
            Self::Outlet(outlet) => drop(outlet.emit(Envelope::new(event).into())),
        }
    }
}

impl Cause {
    fn emit<E: Event>(&self, mut envelope: Envelope<E>) -> EmitOutcome {
        envelope.head_mut().follow(&self.parent);
        let limit = self.hop_limit;
        let refusal = (envelope.head().hops() > limit).then_some(Refusal::HopLimit { limit });
        let outcome = refusal.clone().map_or(EmitOutcome::Accepted, EmitOutcome::Refused);
        match self.push(envelope.into(), refusal) {
            Ok(()) => outcome,
            Err(refusal) => EmitOutcome::Refused(refusal),
        }
    }

    fn tell<E: Event>(&self, event: E) {
        let mut envelope = Envelope::new(event);
        envelope.head_mut().follow(&self.parent);
        // What is lost is among the dead letters.
        let _ = self.push(envelope.into(), None);
    }

    fn push(&self, event: AnyEvent, refusal: Option<Refusal>) -> Result<(), Refusal> {
        self.worklist.push(Queued::new(event, self.node, refusal))
    }
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
#[derive(Debug)]
pub struct Emitting {
    outcome: EmitOutcome,
    room: Room,
}

enum Room {
    Worklist(Arc<Worklist>),
    Outlet(Arc<dyn Outlet>),
}

impl Emitting {
    /// What became of the event, without waiting for room.
    pub fn outcome(&self) -> &EmitOutcome {
        &self.outcome
    }
}

impl Future for Emitting {
    type Output = EmitOutcome;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<EmitOutcome> {
        let room = match &self.room {
            Room::Worklist(worklist) => worklist.poll_room(cx.waker()),
            Room::Outlet(outlet) => outlet.poll_room(cx),
        };
        room.map(|()| self.outcome.clone())
    }
}

impl fmt::Debug for Room {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Worklist(worklist) => worklist.fmt(f),
            Self::Outlet(_) => f.write_str("Outlet"),
        }
    }
}
