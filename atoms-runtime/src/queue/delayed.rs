//! Posting an event that is due later.

use std::fmt;
use std::future::IntoFuture;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::runtime::Handle;

use super::backlog::Backlog;
use super::delays::{Due, When};
use super::hold::HeldPost;
use super::reserve::Reserving;
use super::room::{Room, RoomKind};
use super::state::Queue;
use super::stored::Stored;
use super::{Post, PostError, Priority};
use crate::engine::worklist::Worklist;
use crate::event::EventId;
use crate::store::StoreError;

/// An event that is about to be posted, to be delivered later: await it, to wait for room in the queue,
/// or [`try_send`](Self::try_send) it. The delay may have any length.
///
/// # Panics
///
/// In a tokio runtime without time, when it is awaited or sent.
#[must_use = "nothing is posted unless this is awaited or sent"]
#[derive(Debug)]
pub struct Delayed<'a> {
    post: Post<'a>,
    when: When,
}

impl<'a> Delayed<'a> {
    pub(crate) fn new(post: Post<'a>, when: When) -> Self {
        Self { post, when }
    }

    /// Sets the priority that the event has once it is due.
    pub fn priority(mut self, priority: Priority) -> Self {
        self.post.terms.slot.room = Room::new(RoomKind::Delayed, priority);
        self
    }

    /// Posts the event if there is room in the queue, and otherwise gives it back.
    ///
    /// On a bus with another backlog, this does what [`Post::try_send`] does.
    pub fn try_send(self) -> Result<DelayedPost, PostError> {
        need_timer();
        let Some(stored) = self.post.backlog() else { return put(self.post.reserved()?, self.when) };
        let (due, posted) = (stored.due(self.when), self.post.stored_as(stored));
        self.post.hold_stored(Some(due))?.map_or(Ok(posted), Post::must_wait)
    }
}

/// Panics where there is no timer, before anything is reserved.
fn need_timer() {
    if Handle::try_current().is_ok() {
        drop(tokio::time::sleep(Duration::ZERO));
    }
}

fn put(post: Post<'_>, when: When) -> Result<DelayedPost, PostError> {
    let (queue, held) = (post.queue(), post.held.as_ref().map(Arc::downgrade));
    let due = queue.due(when);
    if let Some((bus, posted)) = post.hold(Some(due)) {
        queue.put_delayed(bus, posted, due)?;
    }
    Ok(DelayedPost { held, place: Place::Queue(Arc::downgrade(queue), due) })
}

impl<'a> IntoFuture for Delayed<'a> {
    type Output = Result<DelayedPost, PostError>;
    type IntoFuture = DelayedPosting<'a>;

    fn into_future(self) -> DelayedPosting<'a> {
        need_timer();
        let when = self.when;
        DelayedPosting(match self.post.backlog() {
            None => DelayedPostingIn::Queue(Reserving::new(self.post), when),
            Some(stored) => DelayedPostingIn::Backlog(Box::pin(async move {
                let posted = self.post.stored_as(stored);
                self.post.store(Some(stored.due(when)), stored).await.map(|()| posted)
            })),
        })
    }
}

/// The future of a [`Delayed`]. It waits for room in the queue, in order, and posts the event.
///
/// Cancel-safe: the event is posted when this is ready, and not before.
#[derive(Debug)]
#[must_use = "nothing is posted unless this is awaited"]
pub struct DelayedPosting<'a>(DelayedPostingIn<'a>);

enum DelayedPostingIn<'a> {
    Queue(Reserving<'a>, When),
    Backlog(Pin<Box<dyn Future<Output = Result<DelayedPost, PostError>> + Send + 'a>>),
}

impl fmt::Debug for DelayedPostingIn<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Queue(reserving, when) => f.debug_tuple("Queue").field(reserving).field(when).finish(),
            Self::Backlog(_) => f.write_str("Backlog"),
        }
    }
}

impl Future for DelayedPosting<'_> {
    type Output = Result<DelayedPost, PostError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.0 {
            DelayedPostingIn::Queue(reserving, when) => reserving.poll_put(cx, |post| put(post, *when)),
            DelayedPostingIn::Backlog(storing) => storing.as_mut().poll(cx),
        }
    }
}

/// A posted event that is due later. Dropping this changes nothing: [`cancel`](Self::cancel) does.
#[derive(Clone)]
pub struct DelayedPost {
    /// Where it is held until the handler is done that posted it.
    held: Option<Weak<Worklist>>,
    place: Place,
}

/// Where it waits.
#[derive(Clone)]
enum Place {
    Queue(Weak<Queue>, Due),
    Backlog(Arc<dyn Backlog>, EventId),
}

impl Place {
    fn is(&self, held: &HeldPost) -> bool {
        match self {
            Self::Queue(_, due) => held.due == Some(*due),
            Self::Backlog(_, id) => held.posted.event.id() == id,
        }
    }
}

impl Post<'_> {
    /// What it will be once it is stored.
    fn stored_as(&self, stored: &Stored) -> DelayedPost {
        let place = Place::Backlog(Arc::clone(&stored.backlog), self.event.id().clone());
        DelayedPost { held: self.held.as_ref().map(Arc::downgrade), place }
    }
}

impl DelayedPost {
    /// Cancels the event if it is not due yet, and returns whether it did.
    pub async fn cancel(&self) -> Result<bool, StoreError> {
        let held = self.held().and_then(|held| held.unhold(|it| self.place.is(it)));
        match &self.place {
            Place::Queue(queue, due) => {
                let Some(queue) = queue.upgrade() else { return Ok(false) };
                let Some(HeldPost { posted, .. }) = held else { return Ok(queue.cancel(*due)) };
                queue.rooms.give_back(posted.slot.room, posted.slot.bytes);
                Ok(true)
            }
            Place::Backlog(..) if held.is_some() => Ok(true),
            Place::Backlog(backlog, id) => backlog.cancel(id.clone()).await,
        }
    }

    /// Returns whether the event is not due yet, and not cancelled.
    pub async fn is_pending(&self) -> Result<bool, StoreError> {
        if self.held().is_some_and(|held| held.holds(|it| self.place.is(it))) {
            return Ok(true);
        }
        match &self.place {
            Place::Queue(queue, due) => Ok(queue.upgrade().is_some_and(|queue| queue.is_delayed(*due))),
            Place::Backlog(backlog, id) => backlog.is_pending(id.clone()).await,
        }
    }

    fn held(&self) -> Option<Arc<Worklist>> {
        self.held.as_ref().and_then(Weak::upgrade)
    }
}

impl fmt::Debug for DelayedPost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("DelayedPost");
        match &self.place {
            Place::Queue(_, due) => shown.field("due", due),
            Place::Backlog(_, id) => shown.field("id", id),
        };
        shown.finish_non_exhaustive()
    }
}
