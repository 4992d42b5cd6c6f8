//! Edges between nodes, and the events that they carry.

use atoms_runtime::{EventType, EventTypes};

use crate::events::{AgentInterrupt, SystemInterrupt, TranscriptUpdate};

/// An edge between the nodes at two places.
#[derive(Debug, Clone, Copy)]
pub struct Edge {
    pub(crate) from: usize,
    pub(crate) to: usize,
    /// The events that it carries, if these are not all that leave the node.
    pub(crate) carries: Option<EventTypes>,
}

/// What every edge carries: what stops a response, and what conversations are made of.
pub(super) const ALWAYS: EventTypes = EventTypes::all(&[
    &EventTypes::of::<SystemInterrupt>(),
    &EventTypes::of::<AgentInterrupt>(),
    &EventTypes::of::<TranscriptUpdate>(),
]);

impl Edge {
    /// An edge that carries every event.
    pub const fn new(from: usize, to: usize) -> Self {
        Self { from, to, carries: None }
    }

    /// The same, which carries these events only.
    pub const fn carrying(self, lists: &'static [&'static EventTypes]) -> Self {
        Self { carries: Some(EventTypes::all(lists)), ..self }
    }

    /// Whether it leads from and to the same nodes as another one, and carries some of the same events.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        let shares = match (&self.carries, &other.carries) {
            (Some(own), Some(others)) => own.to_vec().into_iter().any(|event| others.contains(event)),
            _ => true,
        };
        (self.from, self.to) == (other.from, other.to) && shares
    }

    /// Whether it carries events of this type.
    pub(super) fn carries(&self, known: Option<&'static EventType>) -> bool {
        let Some(carried) = &self.carries else { return true };
        known.is_some_and(|known| carried.contains(known) || ALWAYS.contains(known))
    }
}
