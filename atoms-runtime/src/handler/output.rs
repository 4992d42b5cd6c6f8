//! What a handler may return.

use super::Delivery;
use crate::event::{Envelope, Event, EventTypes, One};

/// The error of a failed handler, with its cause.
pub type HandlerError = Box<dyn std::error::Error + Send + Sync>;

/// Events that are emitted when a handler returns them: none, one or several, each with or without its
/// [`Envelope`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be emitted",
    label = "not an event",
    note = "a handler returns `()`, an event, an event in its `Envelope`, an `#[event_set]` without `#[other]`, an `Option`, a `Vec` or a tuple of these, or a `Result`"
)]
pub trait Emissions: Send {
    /// The events, for [`AllEmitted`](crate::AllEmitted).
    #[doc(hidden)]
    type Events;

    /// The types of the events.
    const EMITS: EventTypes;

    /// Emits the events, as consequences of the delivered one.
    #[doc(hidden)]
    fn emit(self, delivery: &Delivery<'_>);
}

/// What a handler may return: events to emit, or a `Result` of them.
///
/// The error can be any type that converts into a [`HandlerError`]: an error type, or text.
#[diagnostic::on_unimplemented(
    message = "a handler cannot return `{Self}`",
    label = "cannot be emitted",
    note = "a handler returns `()`, an event, an event in its `Envelope`, an `#[event_set]` without `#[other]`, an `Option`, a `Vec` or a tuple of these, or a `Result`",
    note = "an event is a struct with `#[event(type = \"...\")]` on it",
    note = "the error of a `Result` is an error type that is `Send + Sync`, text, or `Box<dyn Error + Send + Sync>`"
)]
pub trait Output: Send {
    /// The events, for [`AllEmitted`](crate::AllEmitted).
    #[doc(hidden)]
    type Events;

    /// The types of the events.
    const EMITS: EventTypes;

    /// Whether it is a `Result`.
    #[doc(hidden)]
    const CAN_FAIL: bool;

    /// Emits the events, as consequences of the delivered one.
    #[doc(hidden)]
    fn emit(self, delivery: &Delivery<'_>) -> Result<(), HandlerError>;
}

#[diagnostic::do_not_recommend]
impl<T: Emissions> Output for T {
    type Events = T::Events;

    const EMITS: EventTypes = T::EMITS;

    const CAN_FAIL: bool = false;

    #[inline]
    fn emit(self, delivery: &Delivery<'_>) -> Result<(), HandlerError> {
        Emissions::emit(self, delivery);
        Ok(())
    }
}

#[diagnostic::do_not_recommend]
impl<T: Emissions, E: Into<HandlerError> + Send> Output for Result<T, E> {
    type Events = T::Events;

    const EMITS: EventTypes = T::EMITS;

    const CAN_FAIL: bool = true;

    fn emit(self, delivery: &Delivery<'_>) -> Result<(), HandlerError> {
        self.map(|events| events.emit(delivery)).map_err(Into::into)
    }
}

#[diagnostic::do_not_recommend]
impl<E: Event> Emissions for E {
    type Events = One<E>;

    const EMITS: EventTypes = EventTypes::of::<E>();

    fn emit(self, delivery: &Delivery<'_>) {
        delivery.follow_up(Envelope::new(self));
    }
}

/// The event keeps its id, its timestamp, and all metadata that it already has.
#[diagnostic::do_not_recommend]
impl<E: Event> Emissions for Envelope<E> {
    type Events = One<E>;

    const EMITS: EventTypes = EventTypes::of::<E>();

    fn emit(self, delivery: &Delivery<'_>) {
        delivery.follow_up(self);
    }
}

impl<T: Emissions> Emissions for Option<T> {
    type Events = T::Events;

    const EMITS: EventTypes = T::EMITS;

    fn emit(self, delivery: &Delivery<'_>) {
        if let Some(events) = self {
            events.emit(delivery);
        }
    }
}

impl<T: Emissions> Emissions for Vec<T> {
    type Events = T::Events;

    const EMITS: EventTypes = T::EMITS;

    fn emit(self, delivery: &Delivery<'_>) {
        for events in self {
            events.emit(delivery);
        }
    }
}

macro_rules! tuples {
    ($(($($T:ident)*))*) => {
        $(
            impl<$($T: Emissions),*> Emissions for ($($T,)*) {
                type Events = ($($T::Events,)*);

                const EMITS: EventTypes = EventTypes::all(&[$(&$T::EMITS),*]);

                #[inline]
                fn emit(self, _delivery: &Delivery<'_>) {
                    #[allow(non_snake_case, reason = "a variable for each type")]
                    let ($($T,)*) = self;
                    $($T.emit(_delivery);)*
                }
            }
        )*
    };
}

tuples! {
    ()
    (A)
    (A B)
    (A B C)
    (A B C D)
    (A B C D E)
    (A B C D E F)
    (A B C D E F G)
    (A B C D E F G H)
}
