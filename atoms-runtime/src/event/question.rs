//! A request that is being asked.

use std::any::Any;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use super::erased::EventRef;
use super::{AnyEvent, AnyInner, Envelope, Head, Request};

/// A request that is being asked, and the place for its reply.
///
/// It begins with the envelope, so that handlers find it there as they find that of any event.
#[repr(C)]
pub(crate) struct Question<R: Request> {
    pub(crate) envelope: Envelope<R>,
    reply: Mutex<Option<R::Reply>>,
}

impl<R: Request> fmt::Debug for Question<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.envelope.fmt(f)
    }
}

impl<R: Request> Question<R> {
    #[inline]
    pub(crate) fn new(envelope: Envelope<R>) -> Self {
        Self { envelope, reply: Mutex::new(None) }
    }

    /// The place for the reply, for [`put_reply`].
    pub(crate) fn reply_slot(&self) -> &dyn Any {
        &self.reply
    }

    pub(crate) fn take_reply(&mut self) -> Option<R::Reply> {
        self.reply.get_mut().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Puts the reply where the one who asked finds it.
#[inline]
pub(crate) fn put_reply<Reply: 'static>(slot: &dyn Any, reply: Reply) {
    if let Some(slot) = slot.downcast_ref::<Mutex<Option<Reply>>>() {
        *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(reply);
    }
}

/// A request that waits for its reply is a question, which begins with the envelope. What is kept of it
/// is the envelope alone.
impl<R: Request> AnyInner for Question<R> {
    fn event_ref(&self) -> EventRef<'_> {
        EventRef::asked(self)
    }

    fn head_mut(&mut self) -> &mut Head {
        self.envelope.head_mut()
    }

    fn to_any(&self) -> AnyEvent {
        self.envelope.clone().into()
    }

    fn size(&self) -> usize {
        AnyInner::size(&self.envelope)
    }

    fn payload(&self) -> &dyn fmt::Debug {
        self.envelope.event()
    }

    fn reply_slot(&self) -> Option<&dyn Any> {
        Some(Self::reply_slot(self))
    }
}
