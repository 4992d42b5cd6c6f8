//! Waiting for room in the queue.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use super::{Post, PostError, PostRefusal, Terms};
use crate::engine::Bus;
use crate::engine::worklist::Worklist;
use crate::event::AnyEvent;

/// Waits for room in the queue, in order; an allocation is made only if there is none at first.
pub(crate) struct Reserving<'a> {
    // The parts of a `Post`, and not one in an `Option`: that is moved at once, which stalls where its parts were just
    // written.
    bus: &'a Bus,
    /// Until room is reserved for it.
    event: Option<AnyEvent>,
    terms: Terms,
    held: Option<Arc<Worklist>>,
    waiting: Option<Waiting<'a>>,
}

type Waiting<'a> = Pin<Box<dyn Future<Output = Result<(), PostRefusal>> + Send + 'a>>;

impl<'a> Reserving<'a> {
    #[inline]
    pub(crate) fn new(Post { bus, event, terms, held }: Post<'a>) -> Self {
        Self { bus, event: Some(event), terms, held, waiting: None }
    }

    /// For no event.
    pub(crate) fn nothing(bus: &'a Bus, terms: Terms) -> Self {
        Self { bus, event: None, terms, held: None, waiting: None }
    }

    /// Puts the post, once room is reserved for it.
    #[inline]
    pub(crate) fn poll_put<T>(
        &mut self,
        cx: &mut Context<'_>,
        put: impl FnOnce(Post<'a>) -> Result<T, PostError>,
    ) -> Poll<Result<T, PostError>> {
        let reserved = ready!(self.poll_room(cx));
        match (self.take_post(), reserved) {
            (Some(post), Ok(())) => Poll::Ready(put(post)),
            (Some(post), Err(reason)) => Poll::Ready(Err(PostError::new(reason, post.event))),
            (None, _) => Poll::Pending,
        }
    }

    #[inline]
    fn poll_room(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), PostRefusal>> {
        if self.waiting.is_none() {
            let exceeds = self.terms.exceeds || self.terms.is_of_handler;
            match self.terms.try_reserve(self.bus, exceeds) {
                Err(full) if full.is_full() && !exceeds => {}
                reserved => return Poll::Ready(reserved),
            }
        }
        self.poll_waiting(cx)
    }

    #[cold]
    fn poll_waiting(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), PostRefusal>> {
        let (bus, slot) = (self.bus, self.terms.slot);
        let new = || Box::pin(bus.0.queue.0.rooms.reserve(slot.room, slot.bytes)) as _;
        self.waiting.get_or_insert_with(new).as_mut().poll(cx)
    }

    /// The event, once room is reserved for it; `None` if it was taken before.
    #[inline]
    fn take_post(&mut self) -> Option<Post<'a>> {
        let event = self.event.take()?;
        Some(Post { bus: self.bus, event, terms: self.terms, held: self.held.take() })
    }
}

impl fmt::Debug for Reserving<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reserving").field("event", &self.event).finish_non_exhaustive()
    }
}
