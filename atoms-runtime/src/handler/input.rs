//! What the first parameter of a handler may be.

use std::borrow::Borrow;

use super::Delivery;
use crate::event::{AnyEvent, Emitted, Envelope, Event, EventTypes, HandlerSymbol};

/// The type of a handler's first parameter: an event, an [`Envelope`] around one, an
/// [`#[event_set]`](macro@crate::event_set), or [`AnyEvent`] for every event.
///
/// ```
/// use atoms::{Bus, event, event_set, handler};
///
/// #[event(type = "shop.order.created")]
/// struct OrderCreated;
/// #[event(type = "shop.order.cancelled")]
/// struct OrderCancelled;
///
/// #[event_set]
/// enum OrderEvent {
///     Created(OrderCreated),
///     Cancelled(OrderCancelled),
/// }
///
/// #[handler]
/// fn track(event: &OrderEvent) {
///     match event {
///         OrderEvent::Created(_) => println!("a new order"),
///         OrderEvent::Cancelled(_) => println!("one order less"),
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let bus = Bus::builder().without_discovery().handler::<track>().start()?;
/// assert_eq!(bus.emit(OrderCancelled).await.deliveries().count(), 1);
/// # Ok(())
/// # }
/// ```
///
/// An event that joins the set has to be matched, or rustc says that it is not:
///
/// ```compile_fail,E0004
/// # use atoms::{event, event_set, handler};
/// # #[event(type = "shop.order.created")]
/// # struct OrderCreated;
/// # #[event(type = "shop.order.cancelled")]
/// # struct OrderCancelled;
/// # #[event_set]
/// # enum OrderEvent {
/// #     Created(OrderCreated),
/// #     Cancelled(OrderCancelled),
/// # }
/// #[handler]
/// fn track(event: &OrderEvent) {
///     match event {
///         OrderEvent::Created(_) => println!("a new order"),
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an event, and the first parameter of a handler is the event",
    label = "not an event",
    note = "an event is a struct with `#[event(type = \"...\")]` on it",
    note = "the first parameter is `&E`, `E`, `&Envelope<E>` or `&AnyEvent`, where `E` is an event, or an enum with `#[event_set]` on it"
)]
pub trait Input: Send + Sync + 'static {
    /// How it is held while the handler runs: by reference, or as a value that is made for the call.
    type Held<'a>: Borrow<Self> + Send;

    /// The [`Kind`](Event::Kind) of the events. It decides what the handler may return.
    type Kind;

    /// Whether events of every type are taken.
    const EVERY_EVENT: bool = false;

    /// The types of the events that count as handled when they are taken.
    const EVENTS: EventTypes;

    /// Returns the input of a handler for this delivery, or `None` if the handler does not take the event. Code that
    /// calls handlers itself calls this before it extracts the further parameters.
    fn from_delivery<'a>(delivery: &Delivery<'a>) -> Option<Self::Held<'a>>;

    /// Creates a copy, for a handler that takes its input by value. `Clone` is no supertrait, so that a type
    /// that is no event is told of once.
    #[doc(hidden)]
    fn copy(&self) -> Self;

    /// Says to the linker that `H` handles the events.
    #[doc(hidden)]
    fn handled_by<H>() {}

    /// Says to the linker that `H` answers the request, if it is one.
    #[doc(hidden)]
    fn answered_by<H: HandlerSymbol>() {}
}

#[diagnostic::do_not_recommend]
impl<E: Event> Input for E {
    type Held<'a> = &'a Self;
    type Kind = E::Kind;

    const EVENTS: EventTypes = EventTypes::of::<E>();

    fn copy(&self) -> Self {
        self.clone()
    }

    #[inline]
    fn from_delivery<'a>(delivery: &Delivery<'a>) -> Option<Self::Held<'a>> {
        delivery.event().downcast::<E>().map(Envelope::event)
    }

    fn handled_by<H>() {
        E::__handled_by::<H>();
    }

    fn answered_by<H: HandlerSymbol>() {
        E::__answered_by::<H>();
    }
}

#[diagnostic::do_not_recommend]
impl<E: Event> Input for Envelope<E> {
    type Held<'a> = &'a Self;
    type Kind = E::Kind;

    const EVENTS: EventTypes = EventTypes::of::<E>();

    fn copy(&self) -> Self {
        self.clone()
    }

    #[inline]
    fn from_delivery<'a>(delivery: &Delivery<'a>) -> Option<Self::Held<'a>> {
        delivery.event().downcast::<E>()
    }

    fn handled_by<H>() {
        E::__handled_by::<H>();
    }

    fn answered_by<H: HandlerSymbol>() {
        E::__answered_by::<H>();
    }
}

#[diagnostic::do_not_recommend]
impl Input for AnyEvent {
    type Held<'a> = &'a Self;
    type Kind = Emitted;

    const EVERY_EVENT: bool = true;
    const EVENTS: EventTypes = EventTypes::NONE;

    fn copy(&self) -> Self {
        self.clone()
    }

    fn from_delivery<'a>(delivery: &Delivery<'a>) -> Option<Self::Held<'a>> {
        Some(delivery.any())
    }
}
