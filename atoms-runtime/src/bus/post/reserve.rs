//! Waiting for room in the queue.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::lanes::Room as Place;
use super::{Post, PostError, PostRefusal};

/// Waits for room in the queue, in order; an allocation is made only if there is none at first.
pub(super) struct Reserving<'a> {
    /// Until room is reserved for it.
    post: Option<Post<'a>>,
    room: Option<Room<'a>>,
}

type Room<'a> = Pin<Box<dyn Future<Output = Result<(), PostRefusal>> + Send + 'a>>;

impl<'a> Reserving<'a> {
    pub(super) fn new(post: Post<'a>) -> Self {
        Self { post: Some(post), room: None }
    }

    fn poll_room(
        room: &mut Option<Room<'a>>,
        post: &mut Post<'a>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), PostRefusal>> {
        let (queue, place) = (post.queue(), post.posted.room);
        if room.is_none() {
            match queue.try_reserve(place) {
                Err(PostRefusal::Full { .. }) if post.is_by_handler => {
                    post.posted.room = Place::OfHandlers;
                    return Poll::Ready(queue.try_reserve(Place::OfHandlers));
                }
                Err(PostRefusal::Full { .. }) => *room = Some(Box::pin(queue.reserve(place))),
                reserved => return Poll::Ready(reserved),
            }
        }
        room.as_mut().map_or(Poll::Pending, |room| room.as_mut().poll(cx))
    }
}

impl<'a> Future for Reserving<'a> {
    type Output = Result<Post<'a>, PostError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { post, room } = &mut *self;
        let reserved = match post {
            Some(post) => ready!(Self::poll_room(room, post, cx)),
            None => return Poll::Pending,
        };
        match (post.take(), reserved) {
            (Some(post), Ok(())) => Poll::Ready(Ok(post)),
            (Some(post), Err(reason)) => Poll::Ready(Err(PostError { reason, event: post.posted.event })),
            (None, _) => Poll::Pending,
        }
    }
}

impl fmt::Debug for Reserving<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Reserving").field(&self.post).finish()
    }
}
