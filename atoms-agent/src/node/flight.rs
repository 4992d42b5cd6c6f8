//! An event on its way through a graph.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use atoms_runtime::{AnyEvent, Event};

use crate::events::{AgentInterrupt, SystemInterrupt};

/// An event on its way through a graph. All copies of it, on all paths, are one flight.
#[derive(Debug, Clone)]
pub(crate) struct Flight {
    pub(crate) event: AnyEvent,
    /// The turn that it belongs to.
    pub(crate) turn: u32,
    pub(crate) from_client: bool,
    /// Whether the node that handles it has passed it on already.
    pub(crate) is_passed: bool,
    /// Which of the places that several edges lead to have it already; only in graphs that have some.
    joined: Option<Arc<[AtomicU64]>>,
}

impl Flight {
    /// A flight through a graph with so many places that several edges lead to.
    pub(crate) fn new(event: AnyEvent, turn: u32, joins: usize) -> Self {
        let joined = (joins > 0).then(|| (0..joins.div_ceil(64)).map(|_| AtomicU64::new(0)).collect());
        Self { event, turn, from_client: false, is_passed: false, joined }
    }

    /// The same, as one that the client sent.
    pub(crate) fn from_client(mut self) -> Self {
        self.from_client = true;
        self
    }

    /// Whether this copy is the first that comes to the place of this number.
    pub(crate) fn is_first_at(&self, join: Option<usize>) -> bool {
        let (Some(join), Some(joined)) = (join, &self.joined) else { return true };
        let bit = 1 << (join % 64);
        joined[join / 64].fetch_or(bit, Ordering::Relaxed) & bit == 0
    }

    /// Whether it overtakes other events.
    pub(crate) fn is_interrupt(&self) -> bool {
        let known = self.event.known_type();
        known == Some(SystemInterrupt::event_type()) || known == Some(AgentInterrupt::event_type())
    }

    /// Whether it is dropped if its turn is interrupted.
    pub(crate) fn is_interruptible(&self) -> bool {
        self.event.known_type().is_some_and(|known| known.is_interruptible())
    }
}
