//! Posting: events that the bus delivers by itself, in tasks of its own.

mod backlog;
mod clock;
mod crews;
mod delayed;
mod delays;
mod deliver;
mod deliver_taken;
mod depths;
mod error;
mod handed_back;
mod hold;
mod lanes;
mod memory;
mod named;
mod posting;
mod reserve;
mod room;
mod state;
mod stored;
mod stored_worker;
mod timer;
mod turns;
mod with_receipt;
mod worker;

use std::fmt;
use std::future::{IntoFuture, ready};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

pub use backlog::{Acknowledgement, Backlog, BacklogRoom, NewPost, Taken, Ticket};
pub use clock::Clock;
pub use delayed::{Delayed, DelayedPost, DelayedPosting};
pub use depths::{QueueDepth, QueueDepths};
pub use error::{PostError, PostRefusal};
pub use memory::MemoryBacklog;
pub use named::{DelayName, DelayedEvent, DelayedFilter};
pub(crate) use state::OwnedQueue;
pub(crate) use stored::{OwnedStored, Stored};
pub(crate) use turns::NoTurn;
pub use with_receipt::{PostWithReceipt, PostingWithReceipt};

use self::delayed::Later;
use self::delays::{Due, When};
use self::hold::{HeldPost, Hold};
use self::lanes::{Posted, Slot};
use self::reserve::Reserving;
use self::room::{Room, RoomKind};
use self::state::Queue;
use crate::engine::posts::Posts;
use crate::engine::runner::RunAsync;
use crate::engine::worklist::{NotHeld, Worklist};
use crate::engine::{Bus, Engine, scope};
use crate::event::{AnyEvent, EventKey, KeyField, Timestamp};

/// How soon the delivery of a posted event starts, compared with others that wait for it.
///
/// Each priority has a limit of its own, so that a full one leaves room to the others. An event is not started while
/// events of a higher priority wait, except that a worker takes up to 16 events at once, and up to 128 from a
/// [`Backlog`] if those before were small and quickly begun. Handlers that wait, for example for a turn under
/// `concurrency`, have been started, and are not overtaken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Priority {
    /// After all others.
    Background,
    /// The default.
    #[default]
    Normal,
    /// Before all others.
    High,
}

impl Posts for Engine {
    type Queue = OwnedQueue;
    type Stored = OwnedStored;
    type Hold = Hold;
    type HeldPost = HeldPost;

    fn posting(handler: Arc<dyn RunAsync>) -> Arc<dyn RunAsync> {
        Arc::new(posting::Posting::new(handler))
    }

    fn post_told(self: &Arc<Self>, event: AnyEvent) {
        if let Err(error) = Post::new(&Bus::from(Arc::clone(self)), event).try_send() {
            tracing::error!(%error, "the event that tells of a dead letter could not be posted");
        }
    }
}

/// An event that is about to be posted: await it, to wait for room in the queue, or
/// [`try_send`](Self::try_send) it.
#[must_use = "nothing is posted unless this is awaited or sent"]
pub struct Post<'a> {
    bus: &'a Bus,
    event: AnyEvent,
    terms: Terms,
    /// Where it is held until the handler is done, if that is one of a posted event.
    held: Option<Arc<Worklist>>,
}

/// How an event is posted.
#[derive(Clone, Copy)]
struct Terms {
    slot: Slot,
    /// Whether a handler posts it: it takes room beyond the capacity where it would wait for some, and if it is due later, a
    /// bus that is shutting down takes it.
    is_of_handler: bool,
    /// Whether it takes room beyond the capacity where it would fail as well.
    exceeds: bool,
}

impl Terms {
    fn posted(self, event: AnyEvent) -> Posted {
        Posted { event, slot: self.slot, done: None }
    }

    /// Reserves room in the queue, if there is some.
    fn try_reserve(&mut self, bus: &Bus, exceeds: bool) -> Result<(), PostRefusal> {
        let rooms = &bus.0.queue.0.rooms;
        let is_handed_back = self.is_of_handler && self.slot.room.is(RoomKind::Delayed);
        let mut reserved = rooms.try_reserve(self.slot.room, self.slot.bytes);
        if exceeds && reserved.is_err_and(PostRefusal::is_full) {
            self.slot.room = self.slot.room.of(RoomKind::OfHandlers);
            reserved = rooms.try_reserve(self.slot.room, self.slot.bytes);
        }
        if is_handed_back && reserved == Err(PostRefusal::Closed) {
            self.slot.room = self.slot.room.of(RoomKind::HandedBack);
            reserved = rooms.try_reserve(self.slot.room, self.slot.bytes);
        }
        reserved
    }
}

impl<'a> Post<'a> {
    #[inline]
    pub(crate) fn new(bus: &'a Bus, event: AnyEvent) -> Self {
        // It may itself take room.
        let is_of_handler = scope::is_in_handler();
        let key = bus.0.queue.0.lane(&event);
        let event = scope::following(event, &bus.0.inherited);
        let bytes = bus.0.queue.0.rooms.share(event.size());
        let slot = Slot { key, room: Room::new(RoomKind::OfPriority, Priority::default()), bytes };
        let terms = Terms { slot, is_of_handler, exceeds: false };
        Self { bus, event, terms, held: Hold::current(bus) }
    }

    /// Sets the priority.
    pub fn priority(mut self, priority: Priority) -> Self {
        self.terms.slot.room = Room::new(RoomKind::OfPriority, priority);
        self
    }

    /// Posts the event with this key instead of the one that it has itself: it is handled after all events that were
    /// posted with the same key before, as with `#[event(key)]` on a field that has this value. With a value that
    /// serializes as nothing, such as `None`, the event has no key.
    ///
    /// A store keeps the key with the event, and so does a dead letter: delivered again, it waits for its key.
    ///
    /// ```
    /// # use atoms::{Bus, event, handler};
    /// #[event(type = "shop.order.paid")]
    /// struct OrderPaid {
    ///     order_id: String,
    /// }
    ///
    /// # #[handler]
    /// # fn bill(_: &OrderPaid) {}
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let bus = Bus::builder().without_discovery().handler::<bill>().start()?;
    /// bus.post(OrderPaid { order_id: "o-1".into() }).key("o-1").await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn key<K: KeyField + ?Sized>(mut self, key: &K) -> Self {
        let key = EventKey::of(key);
        let more = key.as_ref().map_or(0, |key| key.as_bytes().len());
        self.terms.slot.bytes = self.bus.0.queue.0.rooms.share(self.terms.slot.bytes as usize + more);
        self.event = self.event.with_key(key);
        self.terms.slot.key = self.bus.0.queue.0.lane(&self.event);
        self
    }

    /// Takes room beyond the capacity of the queue if that is full, as an awaited post of a handler does: for up to
    /// 65,536 events, with as many bytes as each priority has.
    ///
    /// It is for code that must not wait, and whose events are bounded in another way. On a bus with another
    /// [backlog](crate::BusBuilder::backlog), the event goes into the queue in memory all the same.
    pub fn beyond_capacity(mut self) -> Self {
        self.terms.exceeds = true;
        if self.bus.0.stored().is_some() {
            self.held = None;
        }
        self
    }

    /// Posts the event with a receipt: the post returns what waits until all handlers of the event are done, which may be
    /// awaited or dropped.
    ///
    /// The [receipt](crate::Receipt) says what became of the event itself, as that of an emit does, and nothing of what
    /// followed from it. It does not wait for `detached` handlers. Nothing is kept for one that is dropped, and the event is
    /// delivered all the same. If the event fails, it is a dead letter as well.
    ///
    /// An event that is posted several times, under one id, is delivered as often, and whoever posted it first gets the
    /// first receipt. On a bus with a store, which has an id once, all who wait for it get the same receipt.
    ///
    /// In a handler of a posted event, the event is not held until that handler is done: it is posted at once, and stands
    /// even if the handler fails. Do not wait there for an event of the handler's own key, which waits for the handler.
    ///
    /// After a [shutdown](crate::Bus::shutdown), or when the last clone of the bus is dropped, waiting for an event that was
    /// not handled ends with [`NotHandled`](crate::NotHandled). Nobody gets a receipt after a crash. On a bus with a store,
    /// the receipt comes when the handlers are acknowledged. The event outlives the process there, and its receipt does not;
    /// if another process handles the event, there is none either: give the waiting a deadline.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use atoms::{Bus, event, handler};
    /// # #[event(type = "shop.order.created")]
    /// # struct OrderCreated;
    /// # #[handler]
    /// # fn confirm(_: &OrderCreated) {}
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let bus = Bus::builder().without_discovery().handler::<confirm>().start()?;
    /// let handled = bus.post(OrderCreated).with_receipt().await?; // it is in the queue
    /// match tokio::time::timeout(Duration::from_secs(2), handled).await {
    ///     Ok(receipt) => receipt?.into_result()?,      // 200 OK
    ///     Err(_) => println!("it is being worked on"), // 202 Accepted
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn with_receipt(mut self) -> PostWithReceipt<'a> {
        self.held = None;
        PostWithReceipt(self)
    }

    /// Delivers the event when this time has passed since it was posted. Delayed events of all priorities together have
    /// a limit of their own, as large as that of one priority. An event that a handler posts belongs to the chain of
    /// the handler's event, also if it is due later: one that posts itself again and again ends at the hop limit.
    ///
    /// Events are delivered in the order in which they fall due. Those that fall due at the same time are delivered in
    /// the order in which they were posted. The delay is measured by a monotonic clock
    /// ([`Instant`](std::time::Instant)).
    pub fn after(self, delay: Duration) -> Delayed<'a> {
        self.later(When::After(delay))
    }

    /// Delivers the event at this time, or at once if the time is over. Otherwise as [`after`](Self::after).
    ///
    /// The time is that of the system's clock. If that is set while the event waits, the event is delivered when
    /// the clock shows the time: later if it was set back, and within a second if it was set beyond the time.
    pub fn at(self, time: Timestamp) -> Delayed<'a> {
        self.later(When::At(time))
    }

    fn later(mut self, when: When) -> Delayed<'a> {
        self.terms.slot.room = self.terms.slot.room.of(RoomKind::Delayed);
        Delayed::new(self, when)
    }

    /// Posts the event if there is room in the queue, and otherwise gives it back.
    ///
    /// Fails on a bus with another [backlog](crate::BusBuilder::backlog), where posting has to wait, except in a
    /// handler of a posted event.
    pub fn try_send(self) -> Result<(), PostError> {
        self.checked()?.try_send_checked()
    }

    /// The event as the layers that look at what is posted let it pass.
    #[inline]
    fn checked(self) -> Result<Self, PostError> {
        if self.bus.0.checks_posts() { self.checked_by_layers() } else { Ok(self) }
    }

    #[cold]
    fn checked_by_layers(self) -> Result<Self, PostError> {
        let Self { bus, event, mut terms, held } = self;
        match bus.0.check_post(event) {
            Ok(event) => {
                // They may have added metadata.
                terms.slot.bytes = terms.slot.bytes.max(bus.0.queue.0.rooms.share(event.size()));
                Ok(Self { bus, event, terms, held })
            }
            Err((event, veto)) => {
                let veto = Some(Box::new(veto));
                Err(PostError { veto, ..PostError::new(PostRefusal::Vetoed, event) })
            }
        }
    }

    fn try_send_checked(self) -> Result<(), PostError> {
        match self.backlog() {
            None => self.reserved()?.put(),
            Some(_) => self.hold_stored(None)?.map_or(Ok(()), |post| post.must_wait()),
        }
    }

    /// Returns the event with its handlers on this bus, as a [`Backlog`] stores it. This posts nothing: it is for a
    /// store that commits the event together with something of its own, and takes care of its delivery.
    ///
    /// Made in a handler, the event is a consequence of that handler's event, but is not held until that handler is
    /// done.
    ///
    /// ```
    /// # use atoms::{Bus, event, handler};
    /// # #[event(type = "shop.order.created")]
    /// # struct OrderCreated;
    /// #[handler(id = "billing.bill")]
    /// fn bill(_: &OrderCreated) {}
    ///
    /// let bus = Bus::builder().without_discovery().handler::<bill>().start()?;
    /// assert_eq!(bus.post(OrderCreated).into_new_post().handlers, ["billing.bill"]);
    /// # Ok::<(), atoms::StartError>(())
    /// ```
    pub fn into_new_post(self) -> NewPost {
        self.bus.0.new_post(self.event, self.terms.slot.room.priority(), None)
    }

    /// Where it is stored, if not in the queue.
    fn backlog(&self) -> Option<&'a Arc<Stored>> {
        self.bus.0.stored().filter(|_| !self.terms.exceeds)
    }

    fn must_wait<T>(self) -> Result<T, PostError> {
        Err(PostError::new(PostRefusal::MustWait, self.event))
    }

    /// Holds the event until the handler is done that posts it, where a backlog then takes it; gives it back if there
    /// is no such handler.
    fn hold_stored(self, later: Option<Later>) -> Result<Option<Self>, PostError> {
        let Some(held) = &self.held else { return Ok(Some(self)) };
        let (held, size) = (Arc::clone(held), self.event.size());
        let Self { bus, terms, .. } = self;
        let slot = Slot { room: terms.slot.room.of(RoomKind::Followed), ..terms.slot };
        let posted = Terms { slot, ..terms }.posted(self.event);
        let (due, name) = later.map_or((None, None), |Later { due, name }| (Some(Due::at(due)), name));
        match held.hold(HeldPost { posted, due, name }, Some(size)) {
            Ok(()) => Ok(None),
            Err((it, NotHeld::Closed)) => Ok(Some(Self { bus, event: it.posted.event, terms, held: None })),
            Err((it, NotHeld::Full)) => {
                let reason = PostRefusal::Full { capacity: bus.0.follow_up_limits.events };
                Err(PostError::new(reason, it.posted.event))
            }
        }
    }

    /// Stores the event in the backlog, or holds it.
    async fn store(self, later: Option<Later>, stored: &'a Arc<Stored>) -> Result<(), PostError> {
        let Some(Self { bus, event, terms, .. }) = self.hold_stored(later.clone())? else { return Ok(()) };
        let (due, name) = later.map_or((None, None), |later| (Some(later.due), later.name));
        let post = bus.0.new_post(event, terms.slot.room.priority(), due);
        stored.post(bus, NewPost { name: name.map(|name| *name), ..post }, terms.is_of_handler).await
    }

    #[inline]
    fn into_posting(self) -> Posting<'a> {
        match self.backlog() {
            None => Posting { reserving: Reserving::new(self), storing: None },
            Some(stored) => self.into_storing(stored),
        }
    }

    #[cold]
    fn into_checked_posting(self) -> Posting<'a> {
        let (bus, terms) = (self.bus, self.terms);
        match self.checked_by_layers() {
            Ok(checked) => checked.into_posting(),
            Err(error) => {
                let refused = Box::pin(ready(Err(error)));
                Posting { reserving: Reserving::nothing(bus, terms), storing: Some(refused) }
            }
        }
    }

    #[cold]
    fn into_storing(self, stored: &'a Arc<Stored>) -> Posting<'a> {
        let reserving = Reserving::nothing(self.bus, self.terms);
        Posting { reserving, storing: Some(Box::pin(self.store(None, stored))) }
    }

    /// Reserves room for the event in the queue, if there is some.
    fn reserved(mut self) -> Result<Self, PostError> {
        match self.terms.try_reserve(self.bus, self.terms.exceeds) {
            Ok(()) => Ok(self),
            Err(reason) => Err(PostError::new(reason, self.event)),
        }
    }

    /// Puts the event into the queue, where room is reserved for it.
    #[inline]
    fn put(self) -> Result<(), PostError> {
        if self.held.is_none() {
            return self.queue().put(self.bus, self.terms.posted(self.event));
        }
        let queue = self.queue();
        self.hold(None, None).map_or(Ok(()), |it| queue.put(it.0, it.1))
    }

    /// Holds the event until the handler is done that posts it; gives it back if there is no such handler.
    fn hold(
        self,
        due: Option<Due>,
        name: Option<Box<DelayName>>,
    ) -> Option<(&'a Bus, Posted, Option<Box<DelayName>>)> {
        let posted = self.terms.posted(self.event);
        let Some(held) = self.held else { return Some((self.bus, posted, name)) };
        let not_held = held.hold(HeldPost { posted, due, name }, None).err();
        not_held.map(|(it, _)| (self.bus, it.posted, it.name))
    }

    fn queue(&self) -> &'a Arc<Queue> {
        &self.bus.0.queue.0
    }
}

impl<'a> IntoFuture for Post<'a> {
    type Output = Result<(), PostError>;
    type IntoFuture = Posting<'a>;

    #[inline]
    fn into_future(self) -> Posting<'a> {
        if self.bus.0.checks_posts() {
            return self.into_checked_posting();
        }
        self.into_posting()
    }
}

impl fmt::Debug for Post<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Post")
            .field("event_type", &self.event.event_type())
            .field("priority", &self.terms.slot.room.priority())
            .finish_non_exhaustive()
    }
}

/// The future of a [`Post`]. It waits for room in the queue, in order, and posts the event.
///
/// Cancel-safe: the event is posted when this is ready, and not before.
///
/// On a bus with another [backlog](crate::BusBuilder::backlog), the event may already be posted when this is dropped.
#[must_use = "nothing is posted unless this is awaited"]
pub struct Posting<'a> {
    reserving: Reserving<'a>,
    /// What stores it, if it does not wait for room in the queue.
    storing: Option<Storing<'a>>,
}

type Storing<'a> = Pin<Box<dyn Future<Output = Result<(), PostError>> + Send + 'a>>;

impl Future for Posting<'_> {
    type Output = Result<(), PostError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if let Some(storing) = &mut self.storing {
            return storing.as_mut().poll(cx);
        }
        self.reserving.poll_put(cx, Post::put)
    }
}

impl fmt::Debug for Posting<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Posting").finish_non_exhaustive()
    }
}
