//! Posted events that are due later.

use std::collections::HashMap;
use std::fmt;
use std::future::IntoFuture;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio_util::time::DelayQueue;
use tokio_util::time::delay_queue::Key;

use super::lanes::Posted;
use super::queue::Queue;
use super::reserve::Reserving;
use super::{Post, PostError, Priority};

/// The longest delay: timers cannot be set for longer than two years from the first one that is set.
const MAX_DELAY: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// An event that is about to be posted, to be delivered later: await it, to wait for room in the queue,
/// or [`try_send`](Self::try_send) it. The longest delay is a year.
///
/// # Panics
///
/// In a tokio runtime without time, when it is awaited or sent.
#[must_use = "nothing is posted unless this is awaited or sent"]
#[derive(Debug)]
pub struct Delayed<'a> {
    post: Post<'a>,
    delay: Duration,
}

impl<'a> Delayed<'a> {
    pub(super) fn new(post: Post<'a>, delay: Duration) -> Self {
        Self { post, delay: delay.min(MAX_DELAY) }
    }

    /// Sets the priority that the event has once it is due.
    pub fn priority(mut self, priority: Priority) -> Self {
        self.post.posted.priority = priority;
        self
    }

    /// Posts the event if there is room in the queue, and otherwise gives it back.
    pub fn try_send(self) -> Result<DelayedPost, PostError> {
        need_timer();
        put(self.post.reserved()?, self.delay)
    }
}

/// Panics where there is no timer, before anything is reserved.
fn need_timer() {
    if Handle::try_current().is_ok() {
        drop(tokio::time::sleep(Duration::ZERO));
    }
}

fn put(post: Post<'_>, delay: Duration) -> Result<DelayedPost, PostError> {
    let queue = post.queue();
    let number = queue.put_delayed(post.bus, post.posted, delay)?;
    Ok(DelayedPost { queue: Arc::downgrade(queue), number })
}

impl<'a> IntoFuture for Delayed<'a> {
    type Output = Result<DelayedPost, PostError>;
    type IntoFuture = DelayedPosting<'a>;

    fn into_future(self) -> DelayedPosting<'a> {
        need_timer();
        DelayedPosting { reserving: Reserving::new(self.post), delay: self.delay }
    }
}

/// Waits for room in the queue, in order, and posts the event; what awaiting a [`Delayed`] is.
///
/// Cancel-safe: the event is posted when this is ready, and not before.
#[derive(Debug)]
#[must_use = "nothing is posted unless this is awaited"]
pub struct DelayedPosting<'a> {
    reserving: Reserving<'a>,
    delay: Duration,
}

impl Future for DelayedPosting<'_> {
    type Output = Result<DelayedPost, PostError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.reserving).poll(cx).map(|post| put(post?, self.delay))
    }
}

/// A posted event that is due later. Dropping this changes nothing: [`cancel`](Self::cancel) does.
#[derive(Clone)]
pub struct DelayedPost {
    queue: Weak<Queue>,
    number: u64,
}

impl DelayedPost {
    /// Takes the event back, if it is not due yet; whether it was not.
    pub fn cancel(&self) -> bool {
        self.queue.upgrade().is_some_and(|queue| queue.cancel(self.number))
    }

    /// Whether the event is not due yet, and not cancelled.
    pub fn is_pending(&self) -> bool {
        self.queue.upgrade().is_some_and(|queue| queue.is_delayed(self.number))
    }
}

impl fmt::Debug for DelayedPost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DelayedPost").field("is_pending", &self.is_pending()).finish_non_exhaustive()
    }
}

/// The events that are not due yet.
#[derive(Default)]
pub(super) struct Delays {
    queue: DelayQueue<(u64, Posted)>,
    /// Where each is, since a queue's own keys are used again.
    keys: HashMap<u64, Key>,
    next: u64,
}

impl Delays {
    pub(super) fn put(&mut self, posted: Posted, delay: Duration) -> u64 {
        if self.keys.is_empty() {
            // What it counts from is when it was made, or last had something in it.
            self.queue = DelayQueue::new();
        }
        let number = self.next;
        self.next += 1;
        self.keys.insert(number, self.queue.insert((number, posted), delay));
        number
    }

    /// Sets all timers anew, in the runtime that is there now.
    pub(super) fn restart(&mut self) {
        let mut old = std::mem::take(&mut self.queue);
        for key in self.keys.values_mut() {
            let deadline = old.deadline(key);
            *key = self.queue.insert_at(old.remove(key).into_inner(), deadline);
        }
    }

    pub(super) fn has(&self, number: u64) -> bool {
        self.keys.contains_key(&number)
    }

    pub(super) fn take(&mut self, number: u64) -> Option<Posted> {
        let key = self.keys.remove(&number)?;
        self.queue.try_remove(&key).map(|expired| expired.into_inner().1)
    }

    pub(super) fn take_all(&mut self) -> Vec<Posted> {
        let numbers: Vec<_> = self.keys.keys().copied().collect();
        numbers.into_iter().filter_map(|number| self.take(number)).collect()
    }

    /// The next event that is due; without one, `cx` is woken when one is.
    pub(super) fn poll_due(&mut self, cx: &mut Context<'_>) -> Option<Posted> {
        if self.keys.is_empty() {
            return None;
        }
        let Poll::Ready(Some(expired)) = self.queue.poll_expired(cx) else { return None };
        let (number, posted) = expired.into_inner();
        self.keys.remove(&number);
        Some(posted)
    }
}
