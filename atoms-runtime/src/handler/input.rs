//! What the first parameter of a handler may be.

use std::borrow::Borrow;

use super::Handler;
use crate::bus::Delivery;
use crate::event::{AnyEvent, Emitted, Envelope, Event, EventType};

/// What the first parameter of a handler may be: an event, an [`Envelope`] around one, or
/// [`AnyEvent`] for every event.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an event, and the first parameter of a handler is the event",
    label = "not an event",
    note = "an event is a struct with `#[event(type = \"...\")]` on it",
    note = "the first parameter is `&E`, `E`, `&Envelope<E>` or `&AnyEvent`, where `E` is an event"
)]
pub trait Input: Send + Sync + 'static {
    /// How it is held while the handler runs: by reference, or as a value that is made for the call.
    #[doc(hidden)]
    type Held<'a>: Borrow<Self> + Send;

    /// The [`Kind`](Event::Kind) of the events, on which it depends what the handler returns.
    type Kind;

    /// The types of events; none of them for every event.
    fn event_types() -> Vec<&'static EventType>;

    /// What is handed over of this delivery; `None` if it is one of another event.
    #[doc(hidden)]
    fn from_delivery<'a>(delivery: &Delivery<'a>) -> Option<Self::Held<'a>>;

    /// A copy, for a handler that takes its input by value. `Clone` is no supertrait, so that a type
    /// that is no event is told of once.
    #[doc(hidden)]
    fn copy(&self) -> Self;

    /// The function that says to the linker that `H` handles the event.
    #[doc(hidden)]
    fn handled_by<H>() -> fn() {
        || ()
    }

    /// Says to the linker that `H` answers the request, if it is one.
    #[doc(hidden)]
    fn answered_by<H: Handler>() {}
}

#[diagnostic::do_not_recommend]
impl<E: Event> Input for E {
    type Held<'a> = &'a Self;
    type Kind = E::Kind;

    fn event_types() -> Vec<&'static EventType> {
        vec![E::event_type()]
    }

    fn copy(&self) -> Self {
        self.clone()
    }

    #[inline]
    fn from_delivery<'a>(delivery: &Delivery<'a>) -> Option<Self::Held<'a>> {
        delivery.event().downcast::<E>().map(Envelope::event)
    }

    fn handled_by<H>() -> fn() {
        E::__handled_by::<H>
    }

    fn answered_by<H: Handler>() {
        E::__answered_by::<H>();
    }
}

#[diagnostic::do_not_recommend]
impl<E: Event> Input for Envelope<E> {
    type Held<'a> = &'a Self;
    type Kind = E::Kind;

    fn event_types() -> Vec<&'static EventType> {
        vec![E::event_type()]
    }

    fn copy(&self) -> Self {
        self.clone()
    }

    #[inline]
    fn from_delivery<'a>(delivery: &Delivery<'a>) -> Option<Self::Held<'a>> {
        delivery.event().downcast::<E>()
    }

    fn handled_by<H>() -> fn() {
        E::__handled_by::<H>
    }

    fn answered_by<H: Handler>() {
        E::__answered_by::<H>();
    }
}

#[diagnostic::do_not_recommend]
impl Input for AnyEvent {
    type Held<'a> = &'a Self;
    type Kind = Emitted;

    fn event_types() -> Vec<&'static EventType> {
        Vec::new()
    }

    fn copy(&self) -> Self {
        self.clone()
    }

    fn from_delivery<'a>(delivery: &Delivery<'a>) -> Option<Self::Held<'a>> {
        Some(delivery.any())
    }
}
