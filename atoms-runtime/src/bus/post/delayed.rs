//! Posting an event that is due later.

use std::fmt;
use std::future::IntoFuture;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::runtime::Handle;

use super::delays::{Due, When};
use super::queue::Queue;
use super::reserve::Reserving;
use super::{Post, PostError, Priority};
use crate::bus::store::StoreError;
use crate::bus::worklist::Worklist;

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
    pub(super) fn new(post: Post<'a>, when: When) -> Self {
        Self { post, when }
    }

    /// Sets the priority that the event has once it is due.
    pub fn priority(mut self, priority: Priority) -> Self {
        self.post.posted.priority = priority;
        self
    }

    /// Posts the event if there is room in the queue, and otherwise gives it back.
    pub fn try_send(self) -> Result<DelayedPost, PostError> {
        need_timer();
        put(self.post.reserved()?, self.when)
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
    Ok(DelayedPost { queue: Arc::downgrade(queue), due, held })
}

impl<'a> IntoFuture for Delayed<'a> {
    type Output = Result<DelayedPost, PostError>;
    type IntoFuture = DelayedPosting<'a>;

    fn into_future(self) -> DelayedPosting<'a> {
        need_timer();
        DelayedPosting { reserving: Reserving::new(self.post), when: self.when }
    }
}

/// Waits for room in the queue, in order, and posts the event; what awaiting a [`Delayed`] is.
///
/// Cancel-safe: the event is posted when this is ready, and not before.
#[derive(Debug)]
#[must_use = "nothing is posted unless this is awaited"]
pub struct DelayedPosting<'a> {
    reserving: Reserving<'a>,
    when: When,
}

impl Future for DelayedPosting<'_> {
    type Output = Result<DelayedPost, PostError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.reserving).poll(cx).map(|post| put(post?, self.when))
    }
}

/// A posted event that is due later. Dropping this changes nothing: [`cancel`](Self::cancel) does.
#[derive(Clone)]
pub struct DelayedPost {
    queue: Weak<Queue>,
    due: Due,
    /// Where it is held until the handler is done that posted it.
    held: Option<Weak<Worklist>>,
}

impl DelayedPost {
    /// Takes the event back, if it is not due yet; whether it was not.
    pub async fn cancel(&self) -> Result<bool, StoreError> {
        let Some(queue) = self.queue.upgrade() else { return Ok(false) };
        let held = self.held().and_then(|held| held.unhold(|it| it.due == Some(self.due)));
        Ok(match held {
            Some(held) => {
                queue.rooms.give_back_all(std::iter::once((held.posted.room, held.posted.bytes)));
                true
            }
            None => queue.cancel(self.due),
        })
    }

    /// Whether the event is not due yet, and not cancelled.
    pub async fn is_pending(&self) -> Result<bool, StoreError> {
        let is_held = self.held().is_some_and(|held| held.holds(|it| it.due == Some(self.due)));
        Ok(is_held || self.queue.upgrade().is_some_and(|queue| queue.is_delayed(self.due)))
    }

    fn held(&self) -> Option<Arc<Worklist>> {
        self.held.as_ref().and_then(Weak::upgrade)
    }
}

impl fmt::Debug for DelayedPost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DelayedPost").field("due", &self.due).finish_non_exhaustive()
    }
}
