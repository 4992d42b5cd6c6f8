//! Waiting for room in the queue.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::{Post, PostError, PostRefusal};

/// Waits for room in the queue, in order; an allocation is made only if there is none at first.
pub(crate) struct Reserving<'a> {
    /// Until room is reserved for it.
    post: Option<Post<'a>>,
    waiting: Option<Waiting<'a>>,
}

type Waiting<'a> = Pin<Box<dyn Future<Output = Result<(), PostRefusal>> + Send + 'a>>;

impl<'a> Reserving<'a> {
    pub(crate) fn new(post: Post<'a>) -> Self {
        Self { post: Some(post), waiting: None }
    }

    fn poll_room(
        waiting: &mut Option<Waiting<'a>>,
        post: &mut Post<'a>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), PostRefusal>> {
        if waiting.is_none() {
            let exceeds = post.exceeds || post.exceeds_if_awaited;
            match post.try_reserve(exceeds) {
                Err(PostRefusal::Full { .. } | PostRefusal::FullOfBytes { .. }) if !exceeds => {
                    let (room, bytes) = (post.posted.room, post.posted.bytes);
                    *waiting = Some(Box::pin(post.queue().rooms.reserve(room, bytes)));
                }
                reserved => return Poll::Ready(reserved),
            }
        }
        waiting.as_mut().map_or(Poll::Pending, |waiting| waiting.as_mut().poll(cx))
    }
}

impl<'a> Future for Reserving<'a> {
    type Output = Result<Post<'a>, PostError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { post, waiting } = &mut *self;
        let reserved = match post {
            Some(post) => ready!(Self::poll_room(waiting, post, cx)),
            None => return Poll::Pending,
        };
        match (post.take(), reserved) {
            (Some(post), Ok(())) => Poll::Ready(Ok(post)),
            (Some(post), Err(reason)) => Poll::Ready(Err(PostError::new(reason, post.posted.event))),
            (None, _) => Poll::Pending,
        }
    }
}

impl fmt::Debug for Reserving<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Reserving").field(&self.post).finish()
    }
}
