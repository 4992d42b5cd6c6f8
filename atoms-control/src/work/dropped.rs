//! Events that are not delivered, since what they belong to was cancelled.

use atoms_runtime::{AnyEvent, EventId};

use super::Run;

/// How many dropped events a run lists, and how many bytes of memory the list takes.
const MOST: usize = 65_536;
const MOST_BYTES: usize = 16 * 1024 * 1024;

/// An event that was held, and is not delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DroppedEvent {
    /// The type of the event.
    pub event_type: String,
    /// Its id.
    pub id: EventId,
}

/// What a run lists.
#[derive(Debug, Default)]
pub(super) struct Dropped {
    events: Vec<DroppedEvent>,
    bytes: usize,
}

impl Run {
    /// Says that an event is not delivered, since this run was cancelled, so that [`Cancelled::dropped`] lists it. For those
    /// who hold events in a queue of their own, such as the nodes of a session. Lists 65,536 events, or 16 MiB of
    /// their types and ids, at most.
    ///
    /// [`Cancelled::dropped`]: crate::Cancelled::dropped
    pub fn note_dropped(&self, event: &AnyEvent) {
        let (event_type, id) = (event.event_type().to_owned(), event.id().clone());
        let size = size_of::<DroppedEvent>() + event_type.len() + id.to_string().len();
        let Dropped { events, bytes } = &mut self.0.state.lock().dropped;
        if events.len() < MOST && *bytes + size <= MOST_BYTES {
            *bytes += size;
            events.push(DroppedEvent { event_type, id });
        }
    }

    pub(crate) fn take_dropped(&self) -> Vec<DroppedEvent> {
        std::mem::take(&mut self.0.state.lock().dropped).events
    }
}
