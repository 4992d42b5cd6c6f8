//! The bounded mailbox of a node.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use super::flight::Flight;

/// How many events may wait in a mailbox before those who send into it wait as well.
pub(crate) const CAPACITY: usize = 64;

/// How many events may wait before what comes from outside of the graph, and does not wait, is refused.
const OVERFULL: usize = 1_024;

/// How many events may be put in by those who do not wait for room; what comes beyond that is lost.
const LIMIT: usize = 65_536;

/// The events that wait for a node. Interrupts have a lane of their own, and overtake.
///
/// An event is taken in at once, and who sends it then waits for room: so an event is never lost when its
/// sender is cancelled while it waits.
#[derive(Default)]
pub(crate) struct Mailbox {
    state: Mutex<State>,
    /// How many events wait in the longer lane, as it was when the lock was held last.
    waiting: AtomicUsize,
}

#[derive(Default)]
struct State {
    urgent: VecDeque<Flight>,
    queue: VecDeque<Flight>,
    /// Who takes events out, if that waits for one.
    receiver: Option<Waker>,
    waiting_for_room: Vec<Waker>,
    /// Whether what was taken out last may still be handled.
    is_busy: bool,
    is_closed: bool,
}

impl State {
    /// How many events wait in the longer lane.
    fn waiting(&self) -> usize {
        self.queue.len().max(self.urgent.len())
    }
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

    pub(crate) fn put(&self, flight: Flight) -> Result<(), NotPut> {
        let mut state = self.lock();
        if state.is_closed {
            return Err(NotPut::Closed);
        }
        let lane = if flight.overtakes { &mut state.urgent } else { &mut state.queue };
        if lane.len() >= LIMIT {
            return Err(NotPut::Full);
        }
        lane.push_back(flight);
        self.waiting.store(state.waiting(), Ordering::Relaxed);
        let receiver = state.receiver.take();
        drop(state);
        if let Some(receiver) = receiver {
            receiver.wake();
        }
        Ok(())
    }

    /// Takes the next event out, if one waits.
    pub(crate) fn take(&self) -> Option<Flight> {
        self.take_from(self.lock())
    }

    fn take_from(&self, mut state: MutexGuard<'_, State>) -> Option<Flight> {
        let next = state.urgent.pop_front().or_else(|| state.queue.pop_front())?;
        state.is_busy = true;
        self.has_taken(state);
        Some(next)
    }

    /// Takes the next interrupt out, if one waits and is `wanted`, and otherwise asks to be woken by the next
    /// event.
    pub(crate) fn poll_urgent(&self, cx: &Context<'_>, wanted: bool) -> Option<Flight> {
        let mut state = self.lock();
        let urgent = if wanted { state.urgent.pop_front() } else { None };
        match &urgent {
            Some(_) => self.has_taken(state),
            None => state.receiver = Some(cx.waker().clone()),
        }
        urgent
    }

    /// Tells those who wait for room, if there is some.
    fn has_taken(&self, mut state: MutexGuard<'_, State>) {
        let left = state.waiting();
        self.waiting.store(left, Ordering::Relaxed);
        if state.waiting_for_room.is_empty() || left >= CAPACITY {
            return;
        }
        let waiting = std::mem::take(&mut state.waiting_for_room);
        drop(state);
        waiting.into_iter().for_each(Waker::wake);
    }

    /// Waits for the next event; `None` if the mailbox is closed. Who asks is done with the one before;
    /// `idle` is called if nothing is left to do.
    pub(crate) fn poll_take(&self, cx: &Context<'_>, idle: impl FnOnce()) -> Poll<Option<Flight>> {
        let mut state = self.lock();
        if state.urgent.is_empty() && state.queue.is_empty() {
            if state.is_closed {
                return Poll::Ready(None);
            }
            state.receiver = Some(cx.waker().clone());
            let was_busy = std::mem::replace(&mut state.is_busy, false);
            drop(state);
            if was_busy {
                idle();
            }
            return Poll::Pending;
        }
        Poll::Ready(self.take_from(state))
    }

    /// Waits until the mailbox is closed.
    pub(crate) fn poll_closed(&self, cx: &Context<'_>) -> Poll<()> {
        let mut state = self.lock();
        if state.is_closed {
            return Poll::Ready(());
        }
        state.receiver = Some(cx.waker().clone());
        Poll::Pending
    }

    /// Whether nothing waits here, and nothing is being handled.
    pub(crate) fn is_quiet(&self) -> bool {
        let state = self.lock();
        state.is_closed || state.urgent.is_empty() && state.queue.is_empty() && !state.is_busy
    }

    /// Wakes the one who takes events out.
    pub(crate) fn nudge(&self) {
        let receiver = self.lock().receiver.take();
        if let Some(receiver) = receiver {
            receiver.wake();
        }
    }

    /// Whether there is room, without waiting for it.
    pub(crate) fn has_room(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) < CAPACITY
    }

    /// Whether there is room for what overtakes, without waiting for it.
    pub(crate) fn has_urgent_room(&self) -> bool {
        self.lock().urgent.len() < CAPACITY
    }

    /// Whether so much waits that nothing more is to come from those who do not wait for room.
    pub(crate) fn is_overfull(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) >= OVERFULL
    }

    pub(crate) fn poll_room(&self, cx: &Context<'_>) -> Poll<()> {
        if self.has_room() {
            return Poll::Ready(());
        }
        let mut state = self.lock();
        if state.is_closed || state.waiting() < CAPACITY {
            return Poll::Ready(());
        }
        if !state.waiting_for_room.iter().any(|waiting| waiting.will_wake(cx.waker())) {
            state.waiting_for_room.push(cx.waker().clone());
        }
        Poll::Pending
    }

    /// Drops what waits, and takes nothing more in.
    pub(crate) fn close(&self) {
        let mut state = self.lock();
        state.is_closed = true;
        let dropped = (std::mem::take(&mut state.urgent), std::mem::take(&mut state.queue));
        let waiting = std::mem::take(&mut state.waiting_for_room);
        let receiver = state.receiver.take();
        drop(state);
        drop(dropped);
        waiting.into_iter().chain(receiver).for_each(Waker::wake);
    }
}
