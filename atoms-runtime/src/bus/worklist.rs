//! The events that handlers emitted while one root event is being delivered.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use futures_util::task::AtomicWaker;

use super::failure::Refusal;
use super::outlet::Outlet;
use crate::event::{AnyEvent, Envelope, Event, Head};

/// How many events may wait before an emitter that is awaited waits as well.
const ROOM: usize = 1_024;

/// How many events one root event may have under way at once, waiting or being handled; what is
/// emitted beyond that is refused, and the receipt says so.
const LIMIT: usize = 65_536;

/// An event that waits to be delivered.
pub(crate) struct Queued {
    pub(crate) event: AnyEvent,
    /// The place of the emitting event's receipt.
    pub(crate) parent: usize,
    /// Why it will not be delivered, if the chain that led to it is too long.
    pub(crate) refusal: Option<Refusal>,
}

/// The events that handlers emitted while one root event is being delivered.
///
/// The root's future takes them from here; emitters put them in, from whatever task.
#[derive(Default)]
pub(crate) struct Worklist {
    state: Mutex<State>,
    root: AtomicWaker,
}

#[derive(Default)]
struct State {
    queue: VecDeque<Queued>,
    /// Taken from the queue and not done yet.
    running: usize,
    waiting_for_room: Vec<Waker>,
    /// How many were not put in because of [`LIMIT`].
    lost: usize,
    closed: bool,
}

/// Why an event was not put into the list.
#[derive(Debug, Clone, Copy, thiserror::Error)]
enum Lost {
    #[error("it was emitted after the receipt of its root event")]
    TooLate,
    #[error("its root event has too many events under way")]
    NoRoom,
}

impl Worklist {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts an event at the end, or says that the root is done.
    fn push(&self, queued: Queued) -> Result<(), Lost> {
        let mut state = self.lock();
        if state.closed {
            return Err(Lost::TooLate);
        }
        if state.queue.len() + state.running >= LIMIT {
            state.lost += 1;
            return Err(Lost::NoRoom);
        }
        state.queue.push_back(queued);
        drop(state);
        self.root.wake();
        Ok(())
    }

    /// What the root's receipt must say, if events were lost because there were too many.
    pub(crate) fn overflow(&self) -> Option<Refusal> {
        let lost = self.lock().lost;
        (lost > 0).then_some(Refusal::WorklistFull { limit: LIMIT, lost })
    }

    /// Takes the next event, which counts as running until [`done`](Self::done).
    pub(crate) fn pop(&self) -> Option<Queued> {
        let mut state = self.lock();
        let next = state.queue.pop_front()?;
        state.running += 1;
        let waiting =
            if state.queue.len() < ROOM { std::mem::take(&mut state.waiting_for_room) } else { Vec::new() };
        drop(state);
        waiting.into_iter().for_each(Waker::wake);
        Some(next)
    }

    pub(crate) fn done(&self) {
        self.lock().running -= 1;
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.lock().queue.is_empty()
    }

    /// Closes the list, if nothing is in it.
    pub(crate) fn close_if_empty(&self) -> bool {
        let mut state = self.lock();
        state.closed |= state.queue.is_empty();
        state.closed
    }

    /// Closes the list, and returns what was in it.
    pub(crate) fn close(&self) -> VecDeque<Queued> {
        let mut state = self.lock();
        state.closed = true;
        let waiting = std::mem::take(&mut state.waiting_for_room);
        let queue = std::mem::take(&mut state.queue);
        drop(state);
        waiting.into_iter().for_each(Waker::wake);
        queue
    }

    /// Wakes `waker` whenever something is put in.
    pub(crate) fn register(&self, waker: &Waker) {
        self.root.register(waker);
    }

    fn poll_room(&self, waker: &Waker) -> Poll<()> {
        let mut state = self.lock();
        if state.closed || state.queue.len() < ROOM {
            return Poll::Ready(());
        }
        if !state.waiting_for_room.iter().any(|waiting| waiting.will_wake(waker)) {
            state.waiting_for_room.push(waker.clone());
        }
        Poll::Pending
    }
}

/// Where a handler's events come from: the event that it was called for.
#[derive(Clone)]
pub(crate) enum Source {
    Event(Cause),
    /// It is not the bus that calls the handler.
    Outlet(Arc<dyn Outlet>),
}

/// The event that a handler was called for.
#[derive(Clone)]
pub(crate) struct Cause {
    worklist: Arc<Worklist>,
    /// The emitting event's envelope.
    parent: Arc<Head>,
    node: usize,
    hop_limit: u32,
}

impl Source {
    pub(crate) fn new(worklist: Arc<Worklist>, parent: &Head, node: usize, hop_limit: u32) -> Self {
        Self::Event(Cause { worklist, parent: Arc::new(parent.as_cause()), node, hop_limit })
    }

    pub(crate) fn emit<E: Event>(&self, envelope: Envelope<E>) -> Room {
        match self {
            Self::Event(cause) => cause.emit(envelope),
            Self::Outlet(outlet) => {
                outlet.emit(envelope.into());
                Room(RoomOf::Outlet(Arc::clone(outlet)))
            }
        }
    }

    /// Emits what the bus itself has to tell, also at the end of a chain that was too long.
    pub(crate) fn tell<E: Event>(&self, event: E) {
        match self {
            Self::Event(cause) => cause.tell(event),
            Self::Outlet(outlet) => outlet.emit(Envelope::new(event).into()),
        }
    }
}

impl Cause {
    fn emit<E: Event>(&self, mut envelope: Envelope<E>) -> Room {
        envelope.head_mut().follow(&self.parent);
        let limit = self.hop_limit;
        let refusal = (envelope.head().hops() > limit).then_some(Refusal::HopLimit { limit });
        self.push(envelope.into(), refusal);
        Room(RoomOf::Worklist(Arc::clone(&self.worklist)))
    }

    fn tell<E: Event>(&self, event: E) {
        let mut envelope = Envelope::new(event);
        envelope.head_mut().follow(&self.parent);
        self.push(envelope.into(), None);
    }

    fn push(&self, event: AnyEvent, refusal: Option<Refusal>) {
        let queued = Queued { event: event.clone(), parent: self.node, refusal };
        if let Err(why) = self.worklist.push(queued) {
            tracing::error!(r#type = event.event_type(), id = %event.id(), "an event is lost: {why}");
        }
    }
}

/// Waits for room in the list of events that are still to be delivered, or in the mailboxes of nodes.
///
/// Cancel-safe: the event is in the list already.
#[derive(Debug)]
pub struct Room(RoomOf);

enum RoomOf {
    Worklist(Arc<Worklist>),
    Outlet(Arc<dyn Outlet>),
}

impl std::fmt::Debug for RoomOf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Worklist(worklist) => worklist.fmt(f),
            Self::Outlet(_) => f.write_str("Outlet"),
        }
    }
}

impl Future for Room {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        match &self.0 {
            RoomOf::Worklist(worklist) => worklist.poll_room(cx.waker()),
            RoomOf::Outlet(outlet) => outlet.poll_room(cx),
        }
    }
}

impl std::fmt::Debug for Worklist {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let state = self.lock();
        f.debug_struct("Worklist")
            .field("waiting", &state.queue.len())
            .field("running", &state.running)
            .finish_non_exhaustive()
    }
}
