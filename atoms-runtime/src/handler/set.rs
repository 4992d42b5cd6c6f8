//! Sets of events: what the expansion of `#[event_set]` calls.
//!
//! The types that the variants hold are associated types of one type that is not public, so that the
//! events need not be either, and so that rustc tells of a type that is no event where it stands, and only
//! there: all else is generic over that type.

use std::fmt::{self, Debug};
use std::sync::Arc;

use super::Delivery;
use crate::event::{AnyEvent, Envelope, Event, EventTypes, IsEmitted};

/// What a variant of an `#[event_set]` holds: an event, or an event in its [`Envelope`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an event, and a variant of a set of events holds one",
    label = "not an event",
    note = "an event is a struct with `#[event(type = \"...\")]` on it",
    note = "a variant holds `E` or `Envelope<E>`, where `E` is an event; one that holds `AnyEvent` has `#[other]` on it",
    note = "a request cannot be in a set: its handler takes it alone, and returns the reply"
)]
pub trait Member: Sized + 'static {
    /// The event.
    type Event: Event;

    /// A copy of what is held.
    fn of(envelope: &Envelope<Self::Event>) -> Self;

    /// What is held, taken out of the envelope or in it.
    fn from_envelope(envelope: Envelope<Self::Event>) -> Self;

    /// The event in its envelope, a new one if it has none.
    fn into_envelope(self) -> Envelope<Self::Event>;

    /// What is held, once more. `Clone` is no supertrait, so that a type that is no event is told of once.
    fn copy(&self) -> Self;

    /// What is held, to be shown.
    fn shown(&self) -> &dyn Debug;
}

#[diagnostic::do_not_recommend]
impl<E: Event<Kind: IsEmitted<E>>> Member for E {
    type Event = E;

    fn of(envelope: &Envelope<E>) -> Self {
        envelope.event().clone()
    }

    fn from_envelope(envelope: Envelope<E>) -> Self {
        envelope.into_event()
    }

    fn into_envelope(self) -> Envelope<E> {
        Envelope::new(self)
    }

    fn copy(&self) -> Self {
        self.clone()
    }

    fn shown(&self) -> &dyn Debug {
        self
    }
}

#[diagnostic::do_not_recommend]
impl<E: Event<Kind: IsEmitted<E>>> Member for Envelope<E> {
    type Event = E;

    fn of(envelope: &Self) -> Self {
        envelope.clone()
    }

    fn from_envelope(envelope: Self) -> Self {
        envelope
    }

    fn into_envelope(self) -> Self {
        self
    }

    fn copy(&self) -> Self {
        self.clone()
    }

    fn shown(&self) -> &dyn Debug {
        self
    }
}

/// That a set has the event `E` in the variant at a place, so that it [declares](super::Declares) it.
pub trait Has<E, const INDEX: usize> {}

/// What the variant with `#[other]` holds: [`AnyEvent`].
#[diagnostic::on_unimplemented(
    message = "a variant with `#[other]` holds events of every type, and `{Self}` does not",
    label = "not `AnyEvent`",
    note = "hold `AnyEvent`, or remove `#[other]`"
)]
pub trait Rest: Clone + Debug + Send + Sync + 'static {
    /// What is held.
    fn of(event: AnyEvent) -> Self;

    /// The event.
    fn into_any(self) -> AnyEvent;
}

impl Rest for AnyEvent {
    fn of(event: AnyEvent) -> Self {
        event
    }

    fn into_any(self) -> AnyEvent {
        self
    }
}

/// The variants of a set that hold a type of events each, by their places.
pub trait Variant<const INDEX: usize> {
    /// What the variant holds.
    type Held: Member;
}

/// What a variant holds, by its event. With the event as a parameter, a bound on a type that is no event
/// is no mistake by itself, and is not told of beside that of [`Variant::Held`].
pub trait Holds<E> {}

#[diagnostic::do_not_recommend]
impl<M: Member> Holds<M::Event> for M {}

/// The variant of a set that has `#[other]`.
pub trait Other {
    /// What the variant holds.
    type Held: Rest;
}

type Held<S, const INDEX: usize> = <S as Variant<INDEX>>::Held;
type EventOf<S, const INDEX: usize> = <Held<S, INDEX> as Member>::Event;

/// The type of a variant's event.
pub const fn event_types<S: Variant<INDEX>, const INDEX: usize>() -> EventTypes {
    EventTypes::of::<EventOf<S, INDEX>>()
}

/// The type string of a variant's event.
pub const fn type_string<S: Variant<INDEX>, const INDEX: usize>() -> &'static str {
    EventOf::<S, INDEX>::TYPE
}

/// A copy of the delivered event, if it is the variant's.
pub fn delivered<S: Variant<INDEX>, const INDEX: usize>(delivery: &Delivery<'_>) -> Option<Held<S, INDEX>> {
    delivery.event().downcast::<EventOf<S, INDEX>>().map(Member::of)
}

/// The event, if it is the variant's; cloned only if somebody else has it as well.
pub fn taken<S: Variant<INDEX>, const INDEX: usize>(event: AnyEvent) -> Result<Held<S, INDEX>, AnyEvent> {
    let envelope = event.downcast::<EventOf<S, INDEX>>()?;
    Ok(Arc::try_unwrap(envelope).map_or_else(|shared| Member::of(&shared), Member::from_envelope))
}

/// A variant's event, as one of any type.
pub fn any<S: Variant<INDEX>, const INDEX: usize>(held: Held<S, INDEX>) -> AnyEvent {
    held.into_envelope().into()
}

/// Emits a variant's event.
pub fn emit<S: Variant<INDEX>, const INDEX: usize>(held: Held<S, INDEX>, delivery: &Delivery<'_>) {
    delivery.follow_up(held.into_envelope());
}

/// Says to the linker that `H` handles a variant's event.
pub fn handled_by<S: Variant<INDEX>, const INDEX: usize, H>() {
    EventOf::<S, INDEX>::__handled_by::<H>();
}

/// What a variant holds, once more.
pub fn copy<S: Variant<INDEX>, const INDEX: usize>(held: &Held<S, INDEX>) -> Held<S, INDEX> {
    held.copy()
}

/// Shows a variant as `#[derive(Debug)]` does.
pub fn show<S: Variant<INDEX>, const INDEX: usize>(
    f: &mut fmt::Formatter<'_>,
    variant: &str,
    held: &Held<S, INDEX>,
) -> fmt::Result {
    f.debug_tuple(variant).field(held.shown()).finish()
}

/// An event that is of no variant's type.
pub fn other<S: Other>(event: AnyEvent) -> S::Held {
    Rest::of(event)
}

/// As [`any`], of the variant with `#[other]`.
pub fn any_other<S: Other>(held: S::Held) -> AnyEvent {
    held.into_any()
}

/// As [`copy`], of the variant with `#[other]`.
pub fn copy_other<S: Other>(held: &S::Held) -> S::Held {
    held.clone()
}

/// As [`show`], of the variant with `#[other]`.
pub fn show_other<S: Other>(f: &mut fmt::Formatter<'_>, variant: &str, held: &S::Held) -> fmt::Result {
    f.debug_tuple(variant).field(held).finish()
}

/// Fails to compile where the event of the variant at `place` is that of an earlier one. The variants are
/// listed with their places, since `#[cfg]` may leave some out.
#[track_caller]
pub const fn assert_new(variants: &[(usize, &str)], place: usize, type_string: &str) {
    let mut next = 0;
    while next < variants.len() {
        let (earlier, held) = variants[next];
        assert!(
            earlier >= place || !is_same(held.as_bytes(), type_string.as_bytes()),
            "two variants of this set hold the same event\nhelp: remove one of the two"
        );
        next += 1;
    }
}

const fn is_same(one: &[u8], other: &[u8]) -> bool {
    let mut place = 0;
    while place < one.len() && place < other.len() && one[place] == other[place] {
        place += 1;
    }
    place == one.len() && place == other.len()
}

#[cfg(test)]
mod tests {
    use super::{assert_new, is_same};

    #[test]
    fn type_strings_are_the_same_only_if_all_of_them_is() {
        assert!(is_same(b"shop.order", b"shop.order"));
        for other in ["", "shop", "shop.order.created", "shop.ordel"] {
            assert!(!is_same(b"shop.order", other.as_bytes()), "{other}");
        }
    }

    #[test]
    fn a_type_string_is_compared_with_those_of_earlier_variants_only() {
        let variants = [(0, "a"), (2, "b"), (3, "c"), (5, "b")];
        for (place, type_string) in &variants[..3] {
            assert_new(&variants, *place, type_string);
        }
        assert!(std::panic::catch_unwind(|| assert_new(&variants, 5, "b")).is_err());
    }
}
