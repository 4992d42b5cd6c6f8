//! Events that are not delivered, since what they belong to was cancelled.

use atoms_runtime::{AnyEvent, EventId};

use super::Run;

/// How many dropped events a run lists.
const MOST: usize = 65_536;

/// An event that was held, and is not delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DroppedEvent {
    /// The type of the event.
    pub event_type: String,
    /// Its id.
    pub id: EventId,
}

impl Run {
    /// Says that an event is not delivered, since this run was cancelled, so that [`Cancelled::dropped`] lists it. For those
    /// who hold events in a queue of their own, such as the nodes of a session. Lists 65,536 events at most.
    ///
    /// [`Cancelled::dropped`]: crate::Cancelled::dropped
    pub fn note_dropped(&self, event: &AnyEvent) {
        let (event_type, id) = (event.event_type().to_owned(), event.id().clone());
        let mut state = self.0.state.lock();
        if state.dropped.len() < MOST {
            state.dropped.push(DroppedEvent { event_type, id });
        }
    }

    pub(crate) fn take_dropped(&self) -> Vec<DroppedEvent> {
        std::mem::take(&mut self.0.state.lock().dropped)
    }
}
