//! The end of the queue: what is not due then is handed back.

use std::sync::atomic::Ordering;

use super::delays::{Due, Waiting};
use super::named::DelayedEvent;
use super::state::Queue;
use super::{PostError, PostRefusal};

impl Queue {
    /// Takes nothing more but what handlers post for later, and keeps what is not due yet for [`undelivered`](Self::undelivered).
    pub(crate) fn close(&self) {
        self.rooms.close();
        self.is_closing.store(true, Ordering::Relaxed);
        let mut state = self.lock();
        // Who has reserved room already is too late as well.
        state.closed = true;
        let delayed = state.delays.take_all();
        let now = self.clock.both();
        state.undelivered.extend(delayed.iter().map(|(due, waiting)| waiting.listed(due.by_wall(now))));
        drop(state);
        delayed.iter().for_each(|(_, waiting)| drop(waiting.posted.cancelled()));
        self.rooms.give_back_all(
            delayed.iter().map(|(_, waiting)| (waiting.posted.slot.room, waiting.posted.slot.bytes)),
        );
    }

    /// What was not due when this was closed, and what handlers have posted for later since then, sorted by when it would
    /// have been. No more is taken.
    pub(crate) fn undelivered(&self) -> Vec<DelayedEvent> {
        let mut state = self.lock();
        self.rooms.close_all();
        let mut undelivered = std::mem::take(&mut state.undelivered);
        drop(state);
        undelivered.sort_by_key(DelayedEvent::due);
        undelivered
    }

    /// Keeps an event for [`undelivered`](Self::undelivered), as long as somebody will take it.
    pub(super) fn hand_back(&self, waiting: &Waiting, due: Due) -> Result<(), PostError> {
        let mut state = self.lock();
        if self.rooms.are_all_closed() {
            return Err(PostError::new(PostRefusal::Closed, waiting.posted.event.clone()));
        }
        state.undelivered.push(waiting.listed(due.by_wall(self.clock.both())));
        drop(state);
        drop(waiting.posted.cancelled());
        Ok(())
    }
}
