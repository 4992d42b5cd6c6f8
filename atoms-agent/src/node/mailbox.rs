//! The bounded mailbox of a node.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use futures_util::task::AtomicWaker;

use super::flight::Flight;

/// How many events may wait in a mailbox before those who send into it wait as well.
pub(crate) const CAPACITY: usize = 64;

/// How many events may be put in by those who do not wait for room; what comes beyond that is lost.
const LIMIT: usize = 65_536;

/// The events that wait for a node. Interrupts have a lane of their own, and overtake.
///
/// An event is taken in at once, and who sends it then waits for room: so an event is never lost when its
/// sender is cancelled while it waits.
#[derive(Default)]
pub(crate) struct Mailbox {
    state: Mutex<State>,
    receiver: AtomicWaker,
}

#[derive(Default)]
struct State {
    urgent: VecDeque<Flight>,
    queue: VecDeque<Flight>,
    waiting_for_room: Vec<Waker>,
    closed: bool,
}

/// Why an event was not put in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotPut {
    #[error("the session has ended")]
    Closed,
    #[error("{LIMIT} events wait already")]
    Full,
}

impl Mailbox {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn put(&self, flight: Flight) -> Result<(), (NotPut, Flight)> {
        let mut state = self.lock();
        if state.closed {
            return Err((NotPut::Closed, flight));
        }
        if state.queue.len() >= LIMIT {
            return Err((NotPut::Full, flight));
        }
        let lane = if flight.is_interrupt() { &mut state.urgent } else { &mut state.queue };
        lane.push_back(flight);
        drop(state);
        self.receiver.wake();
        Ok(())
    }

    /// Takes the next event out.
    pub(crate) fn take(&self) -> Option<Flight> {
        let mut state = self.lock();
        if let Some(urgent) = state.urgent.pop_front() {
            return Some(urgent);
        }
        let next = state.queue.pop_front()?;
        if state.waiting_for_room.is_empty() || state.queue.len() >= CAPACITY {
            return Some(next);
        }
        let waiting = std::mem::take(&mut state.waiting_for_room);
        drop(state);
        waiting.into_iter().for_each(Waker::wake);
        Some(next)
    }

    /// Takes the next interrupt out.
    pub(crate) fn take_urgent(&self) -> Option<Flight> {
        self.lock().urgent.pop_front()
    }

    /// Waits for the next event; `None` if the mailbox is closed.
    pub(crate) fn poll_take(&self, cx: &mut Context<'_>) -> Poll<Option<Flight>> {
        if let Some(flight) = self.take() {
            return Poll::Ready(Some(flight));
        }
        self.register(cx.waker());
        match self.take() {
            Some(flight) => Poll::Ready(Some(flight)),
            None if self.lock().closed => Poll::Ready(None),
            None => Poll::Pending,
        }
    }

    /// Wakes `waker` when something is put in, or when it is [nudged](Self::nudge).
    pub(crate) fn register(&self, waker: &Waker) {
        self.receiver.register(waker);
    }

    /// Wakes the one who takes events out.
    pub(crate) fn nudge(&self) {
        self.receiver.wake();
    }

    pub(crate) fn poll_room(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.lock();
        if state.closed || state.queue.len() < CAPACITY {
            return Poll::Ready(());
        }
        if !state.waiting_for_room.iter().any(|waiting| waiting.will_wake(cx.waker())) {
            state.waiting_for_room.push(cx.waker().clone());
        }
        Poll::Pending
    }

    /// Drops what waits, and takes nothing more in. Returns how many there were.
    pub(crate) fn close(&self) -> usize {
        let mut state = self.lock();
        state.closed = true;
        let dropped = (std::mem::take(&mut state.urgent), std::mem::take(&mut state.queue));
        let waiting = std::mem::take(&mut state.waiting_for_room);
        drop(state);
        self.receiver.wake();
        waiting.into_iter().for_each(Waker::wake);
        dropped.0.len() + dropped.1.len()
    }
}
