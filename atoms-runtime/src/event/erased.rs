//! The one place with `unsafe`: getting back an event's type on the way to its handlers.
//!
//! Dispatch is one function for all events, so that a program with five hundred of them does not
//! compile it five hundred times. A handler gets its event back by comparing a `TypeId` that lies
//! beside the reference, which costs a fraction of `<dyn Any>::downcast_ref`, whose `TypeId` comes
//! from a virtual call: the table in `benches/README.md` has both.

pub(crate) mod lent;

use std::any::{Any, TypeId};

use super::{AnyEvent, AnyInner, Envelope, Event, EventType, Head, Question, RawEvent, Request};

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

    /// Of a request that waits for its reply.
    #[inline]
    pub(crate) fn asked<R: Request>(question: &'a Question<R>) -> Self {
        Self { envelope: question, ..Self::new(&question.envelope) }
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
        // SAFETY: the fields are private to this module, and its three constructors set `type_id` to
        // `TypeId::of::<E>()` only where `envelope` is an `&'a Envelope<E>`, or an `&'a Question<E>`,
        // which is `repr(C)` and has an `Envelope<E>` as its first field. `RawEvent` is no
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

    /// Where the reply goes, if somebody waits for one.
    #[inline]
    pub(crate) fn reply_slot(self) -> Option<&'a dyn Any> {
        self.envelope.reply_slot()
    }

    pub(crate) fn as_raw(self) -> Option<&'a RawEvent> {
        (self.envelope as &dyn std::any::Any).downcast_ref()
    }
}

#[cfg(test)]
mod tests {
    use serde::{Deserialize, Serialize};

    use super::*;

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    struct Text {
        text: String,
    }

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    struct Number {
        number: u64,
    }

    crate::__event!(Text, "test.text", deny_unknown_fields: false, sensitive: []);
    crate::__event!(Number, "test.number", deny_unknown_fields: false, sensitive: []);

    #[test]
    fn an_event_comes_back_as_its_own_type_only() {
        let envelope = Envelope::new(Text { text: "hello".repeat(100) });
        let event = EventRef::new(&envelope);
        assert_eq!(event.downcast::<Text>().unwrap().event(), envelope.event());
        assert!(event.downcast::<Number>().is_none());
        assert_eq!(event.name(), "test.text");
    }

    #[test]
    fn a_kept_event_outlives_the_one_it_was_cloned_from() {
        let kept = EventRef::new(&Envelope::new(Number { number: 7 })).to_any();
        assert_eq!(kept.event_ref().downcast::<Number>().unwrap().number, 7);
        assert_eq!(kept.downcast::<Number>().unwrap().number, 7);
    }

    #[test]
    fn a_raw_event_is_no_event_of_a_known_type() {
        let raw = RawEvent::new("test.text", *b"{}", None, None, None);
        let event = EventRef::raw(&raw);
        assert!(event.downcast::<Text>().is_none());
        assert_eq!(event.name(), "test.text");
    }

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    struct GetText {
        text: String,
    }

    crate::__event!(GetText, "test.text.get", deny_unknown_fields: false, sensitive: [],
        reply: Vec<String>);

    #[test]
    fn a_request_comes_back_from_its_question_which_takes_the_reply() {
        let mut question = Question::new(Envelope::new(GetText { text: "hello".repeat(100) }));
        let event = EventRef::asked(&question);
        assert_eq!(event.downcast::<GetText>().unwrap().event(), question.envelope.event());
        assert!(event.downcast::<Text>().is_none());
        crate::event::put_reply(event.reply_slot().unwrap(), vec!["good day".to_owned()]);
        let kept = event.to_any();
        assert_eq!(question.take_reply().unwrap(), ["good day"]);
        drop(question);
        assert_eq!(kept.downcast_ref::<GetText>().unwrap().text.len(), 500);
        assert!(kept.event_ref().reply_slot().is_none());
    }
}
