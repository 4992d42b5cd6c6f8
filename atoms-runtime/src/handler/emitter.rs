//! Emitting events from a handler before it returns.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use super::parameters::{ExtractError, FromDelivery, PrepareError};
use super::set::Has;
use super::{Delivery, Emitting, Outlet, StartContext};
use crate::event::{AllEmitted, Event, EventTypes, IntoEnvelope, One};

/// Emits events from a handler: an event `E`, any of up to eight as `Emitter<(A, B, ...)>`, or those of an
/// [`#[event_set]`](macro@crate::event_set).
///
/// What the handler emits is part of its signature, so that a circle of events is found when the
/// bus starts.
///
/// ```
/// use atoms::{Emitter, event, handler};
///
/// #[event(type = "shop.order.created")]
/// struct OrderCreated;
/// #[event(type = "shop.order.packed")]
/// struct OrderPacked;
/// #[event(type = "shop.order.sent")]
/// struct OrderSent;
///
/// #[handler]
/// async fn fulfil(_: &OrderCreated, out: Emitter<(OrderPacked, OrderSent)>) {
///     out.emit(OrderPacked).await;
///     out.emit(OrderSent).await;
/// }
/// ```
pub struct Emitter<S> {
    outlet: Arc<dyn Outlet>,
    events: PhantomData<fn(S)>,
}

impl<S> Emitter<S> {
    /// Emits into this outlet.
    pub(crate) fn into_outlet(outlet: Arc<dyn Outlet>) -> Self {
        Self { outlet, events: PhantomData }
    }

    /// Emits an event, or one in its [`Envelope`](crate::Envelope), as a consequence of the one that the handler was
    /// called for.
    ///
    /// This takes effect at once. Awaiting the returned future waits for room in the list of events that are still to
    /// be delivered, never for a handler. A sync handler drops the future, which has no effect on the event.
    ///
    /// Both the future and its [`outcome`](Emitting::outcome) say whether the event will be delivered. You need not
    /// check it: the receipt of the root event says what became of the event. If too many events are under way for one
    /// root event ([`BusBuilder::follow_up_capacity`]), the receipt says how many events of which type were lost, and
    /// the first 64 are [dead letters](crate::Bus::dead_letters).
    ///
    /// The emitter may outlive its handler, in a task. Events that it emits after the root event's receipt was returned
    /// are too late: the first 64 of them for each root event become dead letters.
    ///
    /// Events that were emitted stand, even if the handler fails afterwards. A handler with `retry` that emits
    /// and then fails emits again in its next attempt. Events that it returns are emitted only
    /// once, when it succeeds.
    ///
    /// This is different if the handler's event was [posted](crate::Bus::post): then its events are held until it is
    /// done, and discarded if it fails. Awaiting the returned future does not wait then. Beyond
    /// [`BusBuilder::follow_up_capacity`] events of one handler, events are lost, and the first 64 are dead letters.
    ///
    /// [`BusBuilder::follow_up_capacity`]: crate::BusBuilder::follow_up_capacity
    pub fn emit<I: IntoEnvelope, Place>(&self, event: I) -> Emitting
    where
        S: Declares<I::Event, Place>,
    {
        I::Event::__needs_handler::<()>();
        Emitting::new(&self.outlet, event.into_envelope())
    }
}

impl<S> Clone for Emitter<S> {
    fn clone(&self) -> Self {
        Self { outlet: Arc::clone(&self.outlet), events: PhantomData }
    }
}

impl<S: EventSet> fmt::Debug for Emitter<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Emitter").field(&S::EVENTS).finish()
    }
}

impl<S: EventSet<Events: AllEmitted>> FromDelivery for Emitter<S> {
    type Prepared = ();

    fn prepare(_: &StartContext<'_>) -> Result<(), PrepareError> {
        Ok(())
    }

    fn from_delivery((): &(), delivery: &Delivery<'_>) -> Result<Self, ExtractError> {
        Ok(Self { outlet: Arc::clone(delivery.caller().outlet()), events: PhantomData })
    }

    const EMITS: EventTypes = S::EVENTS;
}

/// The events that an [`Emitter`] may emit: one event, a tuple of up to eight, or an
/// [`#[event_set]`](macro@crate::event_set).
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an event, and an `Emitter` emits events",
    label = "not an event",
    note = "an event is a struct with `#[event(type = \"...\")]` on it",
    note = "write `Emitter<OrderPaid>`, `Emitter<(OrderPaid, OrderSent)>` with at most eight events, or `Emitter<Set>` with an `#[event_set]`",
    note = "an `Emitter<OrderPaid>` emits an `OrderPaid` in its `Envelope` as well",
    note = "an `#[event_set]` with `#[other]` does not say which events it emits"
)]
pub trait EventSet: 'static {
    /// The events, for [`AllEmitted`].
    #[doc(hidden)]
    type Events;

    /// The types of the events.
    const EVENTS: EventTypes;
}

#[diagnostic::do_not_recommend]
impl<E: Event> EventSet for E {
    type Events = One<E>;

    const EVENTS: EventTypes = EventTypes::of::<E>();
}

/// An [`EventSet`] that has the event `E`, at a place that the compiler finds.
#[diagnostic::on_unimplemented(
    message = "this handler's signature does not declare that it emits `{E}`",
    label = "not declared",
    note = "declare it: `Emitter<(.., {E})>` instead of `Emitter<{Self}>`, or add a variant for it, if that is an `#[event_set]`"
)]
pub trait Declares<E, Place> {}

/// The place of the only event of a set.
#[derive(Debug)]
pub struct Only;

/// The place of an event in a tuple.
#[derive(Debug)]
pub struct At<const INDEX: usize>;

/// The variant of an event in an `#[event_set]`.
#[derive(Debug)]
pub struct In<const INDEX: usize>;

#[diagnostic::do_not_recommend]
impl<E: Event> Declares<E, Only> for E {}

/// With a second implementation, the compiler does not take the only event for the one that is emitted:
/// another one is not declared, instead of being a mismatch.
#[diagnostic::do_not_recommend]
impl<E: Event> Declares<Nothing, Nothing> for E {}

// Here, and not beside each set: where there is no prelude, `#[diagnostic]` is not known either.
#[diagnostic::do_not_recommend]
impl<S: Has<E, INDEX>, E: Event, const INDEX: usize> Declares<E, In<INDEX>> for S {}

/// What no handler emits.
#[derive(Debug)]
pub struct Nothing;

macro_rules! tuples {
    ($(($($T:ident)*))*) => {
        $(
            #[diagnostic::do_not_recommend]
            impl<$($T: Event),*> EventSet for ($($T,)*) {
                type Events = ($(One<$T>,)*);

                const EVENTS: EventTypes = EventTypes::all(&[$(&EventTypes::of::<$T>()),*]);
            }
        )*
    };
}

macro_rules! places {
    ($($T:ident at $index:literal in ($($All:ident)*);)*) => {
        $(
            #[diagnostic::do_not_recommend]
            impl<$($All: Event),*> Declares<$T, At<$index>> for ($($All,)*) {}
        )*
    };
}

tuples! {
    (A)
    (A B)
    (A B C)
    (A B C D)
    (A B C D E)
    (A B C D E F)
    (A B C D E F G)
    (A B C D E F G H)
}

places! {
    A at 0 in (A);
    A at 0 in (A B);
    B at 1 in (A B);
    A at 0 in (A B C);
    B at 1 in (A B C);
    C at 2 in (A B C);
    A at 0 in (A B C D);
    B at 1 in (A B C D);
    C at 2 in (A B C D);
    D at 3 in (A B C D);
    A at 0 in (A B C D E);
    B at 1 in (A B C D E);
    C at 2 in (A B C D E);
    D at 3 in (A B C D E);
    E at 4 in (A B C D E);
    A at 0 in (A B C D E F);
    B at 1 in (A B C D E F);
    C at 2 in (A B C D E F);
    D at 3 in (A B C D E F);
    E at 4 in (A B C D E F);
    F at 5 in (A B C D E F);
    A at 0 in (A B C D E F G);
    B at 1 in (A B C D E F G);
    C at 2 in (A B C D E F G);
    D at 3 in (A B C D E F G);
    E at 4 in (A B C D E F G);
    F at 5 in (A B C D E F G);
    G at 6 in (A B C D E F G);
    A at 0 in (A B C D E F G H);
    B at 1 in (A B C D E F G H);
    C at 2 in (A B C D E F G H);
    D at 3 in (A B C D E F G H);
    E at 4 in (A B C D E F G H);
    F at 5 in (A B C D E F G H);
    G at 6 in (A B C D E F G H);
    H at 7 in (A B C D E F G H);
}
