//! Posting an event that is due later.

use std::fmt;
use std::future::{IntoFuture, ready};
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::runtime::Handle;

use super::backlog::Backlog;
use super::delays::{Due, Waiting, When};
use super::hold::HeldPost;
use super::named::DelayName;
use super::reserve::Reserving;
use super::room::{Room, RoomKind};
use super::state::Queue;
use super::stored::Stored;
use super::{Post, PostError, PostRefusal, Priority};
use crate::engine::worklist::Worklist;
use crate::event::{EventId, KeyField, Timestamp};
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
    name: Option<Box<DelayName>>,
}

/// When a stored event is due, and under which name it was posted.
#[derive(Debug, Clone)]
pub(crate) struct Later {
    pub(crate) due: Timestamp,
    pub(crate) name: Option<Box<DelayName>>,
}

impl<'a> Delayed<'a> {
    pub(crate) fn new(post: Post<'a>, when: When) -> Self {
        Self { post, when, name: None }
    }

    /// Gives the event a name, under which it is listed and cancelled until it is due: `named("reminder", order_id)`. See
    /// [`Bus::delayed`](crate::Bus::delayed).
    ///
    /// The `key` says whom or what the event is about; an empty one is one, too. Several events may have one name and
    /// key. To replace those that there are, cancel them first. The name and the key have at most
    /// [256 bytes](DelayName::MAX_BYTES) each, and count as bytes of the event.
    pub fn named(mut self, name: impl Into<String>, key: impl ToString) -> Self {
        let name = DelayName::new(name, key);
        let bytes = self.post.event.size() + name.size();
        self.post.terms.slot.bytes = self.post.bus.0.queue.0.rooms.share(bytes);
        self.name = Some(Box::new(name));
        self
    }

    /// Refuses a name that is too long, and what the layers refuse.
    fn checked(self) -> Result<Self, PostError> {
        if self.name.as_ref().is_some_and(|name| name.is_too_long()) {
            return Err(PostError::new(PostRefusal::NameTooLong, self.post.event));
        }
        Ok(Self { post: self.post.checked()?, ..self })
    }

    /// Sets the priority that the event has once it is due.
    pub fn priority(mut self, priority: Priority) -> Self {
        self.post.terms.slot.room = Room::new(RoomKind::Delayed, priority);
        self
    }

    /// Posts the event with this key, as [`Post::key`] does. It waits for others of the key once it is due.
    pub fn key<K: KeyField + ?Sized>(self, key: &K) -> Self {
        Self { post: self.post.key(key), ..self }
    }

    /// Posts the event if there is room in the queue, and otherwise gives it back.
    ///
    /// On a bus with another backlog, this does what [`Post::try_send`] does.
    pub fn try_send(self) -> Result<DelayedPost, PostError> {
        need_timer();
        let Self { post, when, name } = self.checked()?;
        let Some(stored) = post.backlog() else { return put(post.reserved()?, when, name) };
        let (later, posted) = (Later { due: stored.due(when), name }, post.stored_as(stored));
        post.hold_stored(Some(later))?.map_or(Ok(posted), Post::must_wait)
    }
}

/// Panics where there is no timer, before anything is reserved.
fn need_timer() {
    if Handle::try_current().is_ok() {
        drop(tokio::time::sleep(Duration::ZERO));
    }
}

fn put(post: Post<'_>, when: When, name: Option<Box<DelayName>>) -> Result<DelayedPost, PostError> {
    let (queue, held) = (post.queue(), post.held.as_ref().map(Arc::downgrade));
    let due = queue.due(when);
    if let Some((bus, posted, name)) = post.hold(Some(due), name) {
        queue.put_delayed(bus, Waiting { posted, name }, due)?;
    }
    Ok(DelayedPost { held, place: Place::Queue(Arc::downgrade(queue), due) })
}

impl<'a> IntoFuture for Delayed<'a> {
    type Output = Result<DelayedPost, PostError>;
    type IntoFuture = DelayedPosting<'a>;

    fn into_future(self) -> DelayedPosting<'a> {
        need_timer();
        let Self { post, when, name } = match self.checked() {
            Ok(checked) => checked,
            Err(error) => return DelayedPosting(DelayedPostingIn::Backlog(Box::pin(ready(Err(error))))),
        };
        DelayedPosting(match post.backlog() {
            None => DelayedPostingIn::Queue(Reserving::new(post), when, name),
            Some(stored) => DelayedPostingIn::Backlog(Box::pin(async move {
                let posted = post.stored_as(stored);
                let later = Later { due: stored.due(when), name };
                post.store(Some(later), stored).await.map(|()| posted)
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
    Queue(Reserving<'a>, When, Option<Box<DelayName>>),
    Backlog(Pin<Box<dyn Future<Output = Result<DelayedPost, PostError>> + Send + 'a>>),
}

impl fmt::Debug for DelayedPostingIn<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Queue(reserving, when, _) => f.debug_tuple("Queue").field(reserving).field(when).finish(),
            Self::Backlog(_) => f.write_str("Backlog"),
        }
    }
}

impl Future for DelayedPosting<'_> {
    type Output = Result<DelayedPost, PostError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.0 {
            DelayedPostingIn::Queue(reserving, when, name) => {
                reserving.poll_put(cx, |post| put(post, *when, name.take()))
            }
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
