//! The bounded mailbox of a node.

#[cfg(feature = "control")]
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use super::flight::Flight;
use super::lane::{Bytes, Fill, Lane};

/// The events that wait for a node. Interrupts have a lane of their own, and overtake.
///
/// An event is put in at once, and its sender then waits for room. So no event is lost when its sender is cancelled while it
/// waits.
pub(crate) struct Mailbox {
    limit: Bytes,
    /// Whether senders do not wait for room: further events are not put in, as those from outside of the graph.
    is_beside: bool,
    state: Mutex<State>,
    /// The [`Fill`] of the fuller lane, as it was when the lock was held last.
    fill: AtomicU8,
}

#[derive(Default)]
struct State {
    urgent: Lane,
    queue: Lane,
    /// The waker of the node's task, if it waits for an event.
    receiver: Option<Waker>,
    waiting_for_room: Vec<Waker>,
    /// Whether the event that was taken out last may still be handled.
    is_busy: bool,
    is_closed: bool,
}

impl State {
    /// The [`Fill`] of the fuller lane.
    fn fill(&self, limit: Bytes) -> Fill {
        self.queue.fill(limit).max(self.urgent.fill(limit))
    }
}

/// Why an event was not put in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotPut {
    #[error("its receiver has stopped")]
    Closed,
    #[error("too many events wait already, or too large ones")]
    Full,
}

impl Mailbox {
    /// Creates a mailbox in which so many bytes of events may wait before senders wait.
    pub(crate) fn new(bytes: usize) -> Self {
        let limit = Bytes(bytes.max(1));
        Self { limit, is_beside: false, state: Mutex::default(), fill: AtomicU8::new(Fill::Free as u8) }
    }

    /// Creates the mailbox of a background node, for which no sender waits.
    pub(crate) fn beside(bytes: usize) -> Self {
        Self { is_beside: true, ..Self::new(bytes) }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts an event in, or gives it back.
    pub(crate) fn put(&self, flight: Flight) -> Result<(), (NotPut, Flight)> {
        let mut state = self.lock();
        if state.is_closed {
            return Err((NotPut::Closed, flight));
        }
        let lane = if flight.rules.overtakes { &mut state.urgent } else { &mut state.queue };
        let limit = if self.is_beside { Fill::Overfull } else { Fill::Limit };
        if lane.fill(self.limit) >= limit {
            return Err((NotPut::Full, flight));
        }
        lane.push(flight);
        self.fill.store(state.fill(self.limit) as u8, Ordering::Relaxed);
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
        let next = state.urgent.pop().or_else(|| state.queue.pop())?;
        state.is_busy = true;
        self.wake_senders(state);
        Some(next)
    }

    /// Takes the next interrupt out, if one waits and is `wanted`. Otherwise the next event wakes `cx`.
    pub(crate) fn poll_urgent(&self, cx: &Context<'_>, wanted: bool) -> Option<Flight> {
        let mut state = self.lock();
        let urgent = if wanted { state.urgent.pop() } else { None };
        match &urgent {
            Some(_) => self.wake_senders(state),
            None => state.receiver = Some(cx.waker().clone()),
        }
        urgent
    }

    /// Takes out those that wait in the queue and for which this holds.
    #[cfg(feature = "control")]
    pub(crate) fn remove(&self, is_removed: impl Fn(&Flight) -> bool) -> VecDeque<Flight> {
        let mut state = self.lock();
        let removed = state.queue.remove(is_removed);
        if !removed.is_empty() {
            // The node tells that it is idle when it finds nothing.
            state.is_busy = true;
            self.wake_senders(state);
        }
        removed
    }

    /// Wakes those who wait for room, if there is some.
    fn wake_senders(&self, mut state: MutexGuard<'_, State>) {
        let left = state.fill(self.limit);
        self.fill.store(left as u8, Ordering::Relaxed);
        if state.waiting_for_room.is_empty() || left > Fill::Free {
            return;
        }
        let waiting = std::mem::take(&mut state.waiting_for_room);
        drop(state);
        waiting.into_iter().for_each(Waker::wake);
    }

    /// Waits for the next event. Returns `None` if the mailbox is closed. The caller must be done with the event before it.
    /// `idle` is called if nothing is left to do.
    pub(crate) fn poll_take(&self, cx: &Context<'_>, idle: impl FnOnce()) -> Poll<Option<Flight>> {
        self.poll_next(cx, false, idle)
    }

    /// As [`poll_take`](Self::poll_take), of a node that has something to do, whatever waits here.
    pub(crate) fn poll_take_busy(&self, cx: &Context<'_>) -> Poll<Option<Flight>> {
        self.poll_next(cx, true, || ())
    }

    fn poll_next(&self, cx: &Context<'_>, is_busy: bool, idle: impl FnOnce()) -> Poll<Option<Flight>> {
        let mut state = self.lock();
        if state.urgent.is_empty() && state.queue.is_empty() {
            if state.is_closed {
                return Poll::Ready(None);
            }
            state.receiver = Some(cx.waker().clone());
            if is_busy {
                return Poll::Pending;
            }
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

    /// Wakes the node's task.
    pub(crate) fn nudge(&self) {
        let receiver = self.lock().receiver.take();
        if let Some(receiver) = receiver {
            receiver.wake();
        }
    }

    /// Whether there is room, without waiting for it.
    pub(crate) fn has_room(&self) -> bool {
        self.is_beside || self.fill.load(Ordering::Relaxed) == Fill::Free as u8
    }

    /// Whether there is room for an interrupt, without waiting for it.
    pub(crate) fn has_urgent_room(&self) -> bool {
        self.is_beside || self.has_room_for(&self.lock().urgent)
    }

    /// Whether there is room in a lane that is kept outside of the mailbox.
    pub(crate) fn has_room_for(&self, lane: &Lane) -> bool {
        lane.fill(self.limit) == Fill::Free
    }

    /// Whether events from outside of the graph, whose senders do not wait, are refused.
    pub(crate) fn is_overfull(&self) -> bool {
        !self.is_beside && self.fill.load(Ordering::Relaxed) >= Fill::Overfull as u8
    }

    pub(crate) fn poll_room(&self, cx: &Context<'_>) -> Poll<()> {
        if self.has_room() {
            return Poll::Ready(());
        }
        let mut state = self.lock();
        if state.is_closed || state.fill(self.limit) == Fill::Free {
            return Poll::Ready(());
        }
        if !state.waiting_for_room.iter().any(|waiting| waiting.will_wake(cx.waker())) {
            state.waiting_for_room.push(cx.waker().clone());
        }
        Poll::Pending
    }

    /// Drops the events that wait, and refuses further ones.
    pub(crate) fn close(&self) {
        let mut state = self.lock();
        state.is_closed = true;
        let dropped = (std::mem::take(&mut state.urgent), std::mem::take(&mut state.queue));
        drop(state);
        drop(dropped);
        self.finish();
    }

    /// Refuses further events. Those that wait can still be taken out.
    pub(crate) fn finish(&self) {
        let mut state = self.lock();
        state.is_closed = true;
        let waiting = std::mem::take(&mut state.waiting_for_room);
        let receiver = state.receiver.take();
        drop(state);
        waiting.into_iter().chain(receiver).for_each(Waker::wake);
    }
}
