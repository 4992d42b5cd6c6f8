//! Posting: events that the bus delivers by itself, in tasks of its own.

mod backlog;
mod crews;
mod delayed;
mod delays;
mod deliver;
mod deliver_taken;
mod error;
mod hold;
mod lanes;
mod memory;
mod reserve;
mod room;
mod state;
mod stored;
mod stored_worker;
mod timer;
mod worker;

use std::fmt;
use std::future::IntoFuture;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

pub use backlog::{Acknowledgement, Backlog, BacklogRoom, NewPost, Taken, Ticket};
pub use delayed::{Delayed, DelayedPost, DelayedPosting};
pub use error::{PostError, PostRefusal};
pub(crate) use hold::{HeldPost, Hold};
pub use memory::MemoryBacklog;
pub(crate) use state::OwnedQueue;
pub(crate) use stored::{OwnedStored, Stored};

use self::delays::{Due, When};
use self::lanes::Posted;
use self::reserve::Reserving;
use self::room::Room;
use self::state::Queue;
use crate::engine::worklist::{NotHeld, Worklist};
use crate::engine::{Bus, scope};
use crate::event::{AnyEvent, Event, IntoEnvelope, Timestamp};

/// How soon the delivery of a posted event starts, compared with others that wait for it.
///
/// Each has room of its own, so that one that is full leaves room to the others. An event is not started
/// for as long as there are any of a higher priority, but a worker takes up to 16 at once. Handlers that
/// wait, for a turn under `concurrency` for instance, have been started, and are not overtaken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Priority {
    /// After all others.
    Background,
    /// What an event has if nothing else is said.
    #[default]
    Normal,
    /// Before all others.
    High,
}

impl Bus {
    /// The backlog of what is posted, if that is not the queue.
    pub(crate) fn stored(&self) -> Option<&Arc<Stored>> {
        self.0.stored.as_ref().map(|owned| &owned.0)
    }
}

impl Bus {
    /// Posts an event, or one in its [`Envelope`](crate::Envelope): the bus delivers it in a task of its
    /// own, whatever becomes of the poster. What is returned is awaited, or tried; nothing happens
    /// before that.
    ///
    /// The queue is in memory: events that wait in it, or are due later, are lost when the process ends. If an event
    /// must not be lost, post it on a bus with another [backlog](crate::BusBuilder::backlog).
    ///
    /// Posted events are not bound to one tokio runtime. Each runtime that posts, or waits until the bus is idle,
    /// delivers events while it runs. When it ends, another runtime calls again the handlers that were not done with
    /// its events. So a handler may see a posted event twice, with the same id. A runtime that still exists, but that
    /// nobody drives any more, keeps the events that it has begun.
    ///
    /// Each handler of a posted event is done with it for itself. What it returns, emits or posts is held until then,
    /// and is posted when it has succeeded; what a failed attempt of it emitted is thrown away. What it emits on the
    /// bus, with [`emit`](Self::emit), is delivered at once, and stands even if it fails. Events that follow from a
    /// posted one are delivered before others of its priority. Subscribers see a posted event once, when its delivery
    /// begins.
    ///
    /// Events with the same key (`#[event(key)]` on a field) are handled one after the other, in the order in which
    /// they were posted, each after all handlers of the one before; `detached` handlers are not waited for. All others run concurrently, on as many tasks as
    /// the runtime has workers. Events that fail are among the [dead letters](Self::dead_letters). An event that is
    /// posted in a handler is a consequence of that handler's event.
    ///
    /// When the last clone of a bus is dropped and no delivery runs any more, what was not started is
    /// cancelled, and logged: [`shutdown`](Self::shutdown) waits for it.
    ///
    /// An event takes room until its delivery is done: one place
    /// ([`queue_capacity`](crate::BusBuilder::queue_capacity)), and its bytes
    /// ([`queue_bytes`](crate::BusBuilder::queue_bytes)). An event that is larger than all room is taken alone.
    /// A handler that awaits a post does not wait for room, since handlers could then wait for each other: beyond
    /// the room, up to 65,536 events of handlers are taken, with as many bytes as each priority has.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use atoms::{Bus, Priority, event, handler};
    /// # #[event(type = "shop.order.created")]
    /// # struct OrderCreated { order_id: String }
    /// # #[handler]
    /// # fn confirm(_: &OrderCreated) {}
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let bus = Bus::start()?;
    /// let order = OrderCreated { order_id: "o-1".into() };
    /// bus.post(order.clone()).await?;                                    // waits for room
    /// bus.post(order.clone()).priority(Priority::High).try_send()?;     // or fails if there is none
    /// let reminder = bus.post(order).after(Duration::from_secs(3_600)).await?;
    /// assert!(reminder.cancel().await?);
    /// bus.shutdown(Duration::from_secs(10)).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn post<I: IntoEnvelope>(&self, event: I) -> Post<'_> {
        I::Event::__needs_handler::<()>();
        Post::new(self, event.into_envelope().into())
    }

    /// Posts an event whose type is known at run time only, as [`post`](Self::post) does. It keeps its id,
    /// its timestamp and what its metadata say already.
    pub fn post_any(&self, event: AnyEvent) -> Post<'_> {
        Post::new(self, event)
    }
}

/// An event that is about to be posted: await it, to wait for room in the queue, or
/// [`try_send`](Self::try_send) it.
#[must_use = "nothing is posted unless this is awaited or sent"]
pub struct Post<'a> {
    bus: &'a Bus,
    posted: Posted,
    /// Whether it takes room beyond the capacity where it would wait for some.
    exceeds_if_awaited: bool,
    /// Whether it does so where it would fail as well.
    exceeds: bool,
    /// Where it is held until the handler is done, if that is one of a posted event.
    held: Option<Arc<Worklist>>,
}

impl<'a> Post<'a> {
    fn new(bus: &'a Bus, event: AnyEvent) -> Self {
        // A handler may itself take room.
        let exceeds_if_awaited = scope::is_in_handler();
        let key = bus.0.queue.0.lane(&event);
        let event = scope::following(event);
        let (priority, bytes) = (Priority::default(), bus.0.queue.0.rooms.share(event.size()));
        let room = Room::Of(priority);
        let posted = Posted { event, key, priority, room, bytes, done: None };
        Self { bus, exceeds_if_awaited, exceeds: false, posted, held: Hold::current(bus) }
    }

    /// Sets the priority.
    pub fn priority(mut self, priority: Priority) -> Self {
        self.posted.priority = priority;
        self.posted.room = Room::Of(priority);
        self
    }

    /// Takes room beyond the capacity of the queue, if that is full, as an awaited post of a handler does: for up to 65,536
    /// events, with as many bytes as each priority has.
    ///
    /// It is for those who must not wait, and are themselves bounded. On a bus with another
    /// [backlog](crate::BusBuilder::backlog), such an event is in the queue in memory all the same.
    pub fn beyond_capacity(mut self) -> Self {
        self.exceeds = true;
        if self.bus.stored().is_some() {
            self.held = None;
        }
        self
    }

    /// Delivers the event when this time has passed, counted from when it has been posted. Such events
    /// have room of their own, for as many of all priorities together as there is for each priority. What
    /// a handler posts belongs to the chain of its event, also later: one that posts itself again and again
    /// ends at the hop limit.
    ///
    /// Those that are due are delivered in the order in which they fall due, and of several that fall due at
    /// once the one first that was posted first. The time is that of a clock that nobody sets
    /// ([`Instant`](std::time::Instant)).
    pub fn after(self, delay: Duration) -> Delayed<'a> {
        self.later(When::After(delay))
    }

    /// Delivers the event at this time; at once if it is over. Otherwise as [`after`](Self::after).
    ///
    /// The time is that of the system's clock. If that is set while the event waits, the event is delivered when
    /// the clock shows the time: later if it was set back, and within a second if it was set beyond the time.
    pub fn at(self, time: Timestamp) -> Delayed<'a> {
        self.later(When::At(time))
    }

    fn later(mut self, when: When) -> Delayed<'a> {
        self.posted.room = Room::Delayed;
        Delayed::new(self, when)
    }

    /// Posts the event if there is room in the queue, and otherwise gives it back.
    ///
    /// Fails on a bus with another [backlog](crate::BusBuilder::backlog), which takes time, except in a handler of a
    /// posted event.
    pub fn try_send(self) -> Result<(), PostError> {
        match self.backlog() {
            None => self.reserved()?.put(),
            Some(_) => self.hold_stored(None)?.map_or(Ok(()), |post| post.must_wait()),
        }
    }

    /// Where it is stored, if not in the queue.
    fn backlog(&self) -> Option<&'a Arc<Stored>> {
        self.bus.stored().filter(|_| !self.exceeds)
    }

    fn must_wait<T>(self) -> Result<T, PostError> {
        Err(PostError::new(PostRefusal::MustWait, self.posted.event))
    }

    /// Holds the event until the handler is done that posts it, where a backlog then takes it; gives it back if there is
    /// no such handler.
    fn hold_stored(self, due: Option<Timestamp>) -> Result<Option<Self>, PostError> {
        let Some(held) = &self.held else { return Ok(Some(self)) };
        let (held, size) = (Arc::clone(held), self.posted.event.size());
        let Self { bus, exceeds_if_awaited, exceeds, .. } = self;
        let posted = Posted { room: Room::Followed, bytes: 0, ..self.posted };
        match held.hold(HeldPost { posted, due: due.map(Due::at) }, Some(size)) {
            Ok(()) => Ok(None),
            Err((it, NotHeld::Closed)) => {
                Ok(Some(Self { bus, posted: it.posted, exceeds_if_awaited, exceeds, held: None }))
            }
            Err((it, NotHeld::Full)) => {
                let reason = PostRefusal::Full { capacity: bus.0.follow_up_limits.events };
                Err(PostError::new(reason, it.posted.event))
            }
        }
    }

    /// Stores the event in the backlog, or holds it.
    async fn store(self, due: Option<Timestamp>, stored: &'a Arc<Stored>) -> Result<(), PostError> {
        let Some(Self { bus, posted, .. }) = self.hold_stored(due)? else { return Ok(()) };
        stored.post(bus, bus.0.new_post(posted.event, posted.priority, due)).await
    }

    /// Reserves room for the event in the queue, if there is some.
    fn reserved(mut self) -> Result<Self, PostError> {
        match self.try_reserve(self.exceeds) {
            Ok(()) => Ok(self),
            Err(reason) => Err(PostError::new(reason, self.posted.event)),
        }
    }

    fn try_reserve(&mut self, exceeds: bool) -> Result<(), PostRefusal> {
        let (rooms, bytes) = (&self.queue().rooms, self.posted.bytes);
        match rooms.try_reserve(self.posted.room, bytes) {
            Err(PostRefusal::Full { .. } | PostRefusal::FullOfBytes { .. }) if exceeds => {
                self.posted.room = Room::OfHandlers;
                rooms.try_reserve(Room::OfHandlers, bytes)
            }
            reserved => reserved,
        }
    }

    /// Puts the event into the queue, where room is reserved for it.
    fn put(self) -> Result<(), PostError> {
        let queue = self.queue();
        match self.hold(None) {
            None => Ok(()),
            Some((bus, posted)) => queue.put(bus, posted),
        }
    }

    /// Holds the event until the handler is done that posts it; gives it back if there is no such handler.
    fn hold(self, due: Option<Due>) -> Option<(&'a Bus, Posted)> {
        let Some(held) = self.held else { return Some((self.bus, self.posted)) };
        let not_held = held.hold(HeldPost { posted: self.posted, due }, None).err();
        not_held.map(|(it, _)| (self.bus, it.posted))
    }

    fn queue(&self) -> &'a Arc<Queue> {
        &self.bus.0.queue.0
    }
}

impl<'a> IntoFuture for Post<'a> {
    type Output = Result<(), PostError>;
    type IntoFuture = Posting<'a>;

    fn into_future(self) -> Posting<'a> {
        Posting(match self.backlog() {
            None => PostingIn::Queue(Reserving::new(self)),
            Some(stored) => PostingIn::Backlog(Box::pin(self.store(None, stored))),
        })
    }
}

impl fmt::Debug for Post<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Post")
            .field("event_type", &self.posted.event.event_type())
            .field("priority", &self.posted.priority)
            .finish_non_exhaustive()
    }
}

/// Waits for room in the queue, in order, and posts the event; what awaiting a [`Post`] is.
///
/// Cancel-safe: the event is posted when this is ready, and not before.
///
/// On a bus with another [backlog](crate::BusBuilder::backlog) the event may be posted already when this is dropped.
#[derive(Debug)]
#[must_use = "nothing is posted unless this is awaited"]
pub struct Posting<'a>(PostingIn<'a>);

enum PostingIn<'a> {
    Queue(Reserving<'a>),
    Backlog(Pin<Box<dyn Future<Output = Result<(), PostError>> + Send + 'a>>),
}

impl fmt::Debug for PostingIn<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Queue(reserving) => reserving.fmt(f),
            Self::Backlog(_) => f.write_str("Backlog"),
        }
    }
}

impl Future for Posting<'_> {
    type Output = Result<(), PostError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.0 {
            PostingIn::Queue(reserving) => Pin::new(reserving).poll(cx).map(|post| post?.put()),
            PostingIn::Backlog(storing) => storing.as_mut().poll(cx),
        }
    }
}
