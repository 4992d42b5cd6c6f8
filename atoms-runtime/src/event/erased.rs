//! The one place with `unsafe`: getting back an event's type on the way to its handlers.
//!
//! Dispatch is one function for all events, so that a program with five hundred of them does not
//! compile it five hundred times. A handler gets its event back by comparing a `TypeId` that lies
//! beside the reference, which costs a fraction of `<dyn Any>::downcast_ref`, whose `TypeId` comes
//! from a virtual call: the table in `benches/README.md` has both.

use std::any::TypeId;

use super::{AnyEvent, AnyInner, Envelope, Event, EventType, Head, RawEvent};

/// A reference to an event in its envelope, whose type is known at run time.
#[derive(Clone, Copy)]
pub(crate) struct EventRef<'a> {
    /// The type of the event in the `Envelope` that `envelope` is; that of `RawEvent` for one.
    type_id: TypeId,
    event_type: Option<&'static EventType>,
    head: &'a Head,
    envelope: &'a dyn AnyInner,
}

impl<'a> EventRef<'a> {
    #[inline]
    pub(crate) fn new<E: Event>(envelope: &'a Envelope<E>) -> Self {
        Self {
            type_id: TypeId::of::<E>(),
            event_type: Some(E::event_type()),
            head: envelope.head(),
            envelope,
        }
    }

    pub(crate) fn raw(raw: &'a RawEvent) -> Self {
        Self { type_id: TypeId::of::<RawEvent>(), event_type: None, head: raw.head(), envelope: raw }
    }

    /// The event `E` in its envelope, if it is one.
    #[inline]
    pub(crate) fn downcast<E: Event>(self) -> Option<&'a Envelope<E>> {
        if self.type_id != TypeId::of::<E>() {
            return None;
        }
        // SAFETY: the fields are private to this module, and its two constructors set `type_id` to
        // `TypeId::of::<E>()` only where `envelope` is an `&'a Envelope<E>`. `RawEvent` is no
        // `Event` and so never the `E` of this call. A `TypeId` stands for one `'static` type.
        Some(unsafe { &*std::ptr::from_ref(self.envelope).cast::<Envelope<E>>() })
    }

    #[inline]
    pub(crate) fn event_type(self) -> Option<&'static EventType> {
        self.event_type
    }

    #[inline]
    pub(crate) fn head(self) -> &'a Head {
        self.head
    }

    pub(crate) fn name(self) -> &'a str {
        match self.event_type {
            Some(event_type) => event_type.name(),
            None => self.as_raw().map_or("", RawEvent::event_type),
        }
    }

    /// The event as one that can be kept: a clone of it.
    pub(crate) fn to_any(self) -> AnyEvent {
        self.envelope.to_any()
    }

    fn as_raw(self) -> Option<&'a RawEvent> {
        (self.envelope as &dyn std::any::Any).downcast_ref()
    }
}
