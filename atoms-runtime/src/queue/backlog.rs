//! Where posted events wait, if not in the queue of the bus.

use std::fmt;
use std::sync::Arc;

use super::{DelayName, DelayedEvent, DelayedFilter, Priority, QueueDepths};
use crate::event::{AnyEvent, EventId, Timestamp};
use crate::letters::{DeadLetter, LetterStore};
use crate::store::{StoreFuture, StoredEvents};

/// Keeps posted events until each of their handlers is done: for
/// [`BusBuilder::backlog`](crate::BusBuilder::backlog), in place of the queue in memory.
///
/// # What it keeps
///
/// The unit is one handler of one event. [`post`](Self::post) stores an event with the identities of its handlers
/// ([`HandlerInfo::id`](crate::HandlerInfo::id)). [`acknowledge`](Self::acknowledge) removes some of them, and stores
/// what these handlers emitted and posted, in one commit. An event is done when it has no handlers left.
///
/// # Order
///
/// An event is admitted when it is posted, or when it is due, and may be taken from then on. Events that are due are
/// admitted in the order of their deadlines, and those of one deadline in the order of their numbers. Of the events
/// that may be taken, those of the highest priority come first, and among these the one that was admitted first.
///
/// Events of one [key](AnyEvent::key) are taken in the order in which they were admitted, whatever their priorities,
/// each when the one before is done. An event that waits for its key does not hold up others.
///
/// # Bounds
///
/// It is bounded in number and in bytes, for each priority, and once more for all events that are not due yet. It
/// always takes the events that `acknowledge` stores.
///
/// # Failures
///
/// The effect of a method is durable when its future is ready. A method that fails has no effect. If a future is
/// dropped before it is ready, all of its effect may have happened, or nothing. Posting an event whose id is in the
/// backlog stores nothing, and returns the number of the event that is there, so a post may be repeated.
///
/// Whoever takes an event has it until it is given back, and has a [`Ticket`] for it. Acknowledging with an earlier
/// ticket fails with [`StoreErrorKind::Lost`](crate::StoreErrorKind::Lost).
///
/// [`MemoryBacklog`](crate::MemoryBacklog) is an implementation, and [`testing::backlog`](crate::testing::backlog)
/// checks any implementation.
pub trait Backlog: Send + Sync + 'static {
    /// Tells the backlog how events are written and read. Each bus calls this once, before all other methods.
    fn start(&self, _events: StoredEvents) {}

    /// Stores events in one commit, and returns their numbers.
    ///
    /// Fails with [`StoreErrorKind::Full`](crate::StoreErrorKind::Full) if there is no room for all of them. An event
    /// that is larger than the whole room is taken alone.
    fn post(&self, posts: Vec<NewPost>) -> StoreFuture<'_, Vec<u64>>;

    /// Resolves when there is room for an event of this priority, or due later, and of this size.
    fn room(&self, room: BacklogRoom, bytes: usize) -> StoreFuture<'_, ()>;

    /// Takes at most `limit` events that may be started. An event that was given back comes without the handlers that
    /// are done.
    ///
    /// If the future is dropped before it is ready, what was taken is given back. An event that cannot be read is left
    /// out, and does not hold up others.
    fn take(&self, limit: usize) -> StoreFuture<'_, Vec<Taken>>;

    /// Resolves when there is something to take.
    fn ready(&self) -> StoreFuture<'_, ()>;

    /// Removes handlers that are done with an event, and stores what they emitted and posted, in one commit. If it
    /// [keeps letters](Self::keeps_letters_in), what becomes of dead letters is in that commit, too.
    fn acknowledge(&self, done: Acknowledgement) -> StoreFuture<'_, ()>;

    /// Returns whether [`acknowledge`](Self::acknowledge) also keeps and removes dead letters, in this store of letters:
    /// where both are in one database.
    ///
    /// If not, the bus keeps and removes them before it acknowledges, and passes none. Either way, an event whose letter
    /// cannot be kept is not acknowledged.
    fn keeps_letters_in(&self, _letters: &dyn LetterStore) -> bool {
        false
    }

    /// Gives an event back, to be taken again before others of its priority. It does nothing if the event is done.
    fn give_back(&self, ticket: Ticket) -> StoreFuture<'_, ()>;

    /// Removes the event with this id if it is not due yet, and returns whether it did.
    fn cancel(&self, event: EventId) -> StoreFuture<'_, bool>;

    /// Returns whether the event with this id is not due yet, and not cancelled.
    fn is_pending(&self, event: EventId) -> StoreFuture<'_, bool>;

    /// Returns at most `limit` of the events that are not due and that the filter selects, sorted by when they are due.
    /// Events that cannot be read are left out.
    fn delayed(&self, filter: DelayedFilter, limit: usize) -> StoreFuture<'_, Vec<DelayedEvent>>;

    /// Returns how many events are not done, including those that are not due.
    fn count(&self) -> StoreFuture<'_, usize>;

    /// Returns the same by the room that they take.
    fn depths(&self) -> StoreFuture<'_, QueueDepths>;
}

/// The room in a [`Backlog`] that an event takes until it is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BacklogRoom {
    /// The room of its priority.
    Of(Priority),
    /// The room of events that are due later. They take it until they are done, also once they are due.
    Delayed,
}

impl BacklogRoom {
    /// Returns the room of an event of this priority that is due then, or at once.
    pub fn of(priority: Priority, due: Option<Timestamp>) -> Self {
        if due.is_some() { Self::Delayed } else { Self::Of(priority) }
    }
}

/// An event that is to be stored in a [`Backlog`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct NewPost {
    /// The event.
    pub event: AnyEvent,
    /// Its priority.
    pub priority: Priority,
    /// When it is due, by the clock of the system; `None` for at once.
    pub due: Option<Timestamp>,
    /// The name under which it is listed until it is due.
    pub name: Option<DelayName>,
    /// The identities of its handlers.
    pub handlers: Vec<String>,
}

impl NewPost {
    /// Creates an event for these handlers, due at once.
    pub fn new(event: AnyEvent, handlers: impl IntoIterator<Item: Into<String>>) -> Self {
        let handlers = handlers.into_iter().map(Into::into).collect();
        Self { event, priority: Priority::default(), due: None, name: None, handlers }
    }

    /// Sets the priority.
    #[must_use]
    pub fn with_priority(self, priority: Priority) -> Self {
        Self { priority, ..self }
    }

    /// Sets when it is due.
    #[must_use]
    pub fn with_due(self, due: Timestamp) -> Self {
        Self { due: Some(due), ..self }
    }

    /// Sets the name under which it is listed until it is due.
    #[must_use]
    pub fn with_name(self, name: DelayName) -> Self {
        Self { name: Some(name), ..self }
    }

    /// Returns how many bytes of room it takes: those of its event, as [`AnyEvent::size`] counts them, and of its name.
    pub fn size(&self) -> usize {
        self.event.size() + self.name.as_ref().map_or(0, DelayName::size)
    }
}

/// The right to acknowledge an event that was taken from a [`Backlog`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Ticket {
    /// The number of the event.
    pub id: u64,
    /// How often the event was taken.
    pub times: u64,
}

/// An event that was taken from a [`Backlog`].
#[derive(Debug, Clone)]
pub struct Taken {
    /// The right to acknowledge it.
    pub ticket: Ticket,
    /// The event.
    pub event: AnyEvent,
    /// Its priority.
    pub priority: Priority,
    /// The identities of the handlers that are not done with it.
    pub handlers: Vec<String>,
}

impl Taken {
    /// Whether somebody had the event before.
    pub(crate) fn is_again(&self) -> bool {
        self.ticket.times > 1
    }
}

/// Says that handlers are done with an event, what they emitted and posted, and what becomes of their dead letters.
///
/// What the handlers of a posted event emit is held until then. A [layer](crate::Delivery::acknowledgement) around a
/// delivery may take the acknowledgement, and store all of it in a transaction of its own.
#[derive(Clone)]
pub struct Acknowledgement {
    /// The event.
    pub ticket: Ticket,
    /// The identities of the handlers, as they were taken.
    pub handlers: Vec<String>,
    /// What they emitted and posted.
    pub posts: Vec<NewPost>,
    /// The dead letters that are to be kept, if they failed: [`LetterStore::put`].
    pub letters: Vec<Arc<DeadLetter>>,
    /// The numbers of the dead letters that are to be removed, since they were delivered again: [`LetterStore::take`].
    pub settled: Vec<u64>,
}

impl Acknowledgement {
    /// Says that these handlers are done, and nothing else.
    pub fn new(ticket: Ticket, handlers: Vec<String>) -> Self {
        Self { ticket, handlers, posts: Vec::new(), letters: Vec::new(), settled: Vec::new() }
    }
}

impl fmt::Debug for Acknowledgement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Acknowledgement")
            .field("ticket", &self.ticket)
            .field("handlers", &self.handlers)
            .field("posts", &self.posts.len())
            .field("letters", &self.letters.len())
            .field("settled", &self.settled)
            .finish()
    }
}
