//! An event on its way through a graph.

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use atoms_runtime::{AnyEvent, EventType};

use super::floor::{Speaking, UntilEnd};
use super::turns::Turn;
use crate::protocol::rules::Rules;

/// An event on its way through a graph. All copies of it, on all paths, share their [`FlightData`].
///
/// It is two words, since it is moved several times at each node, and what is larger is moved in parts.
#[derive(Debug, Clone)]
pub(crate) struct Flight {
    shared: Arc<FlightData>,
    pub(crate) is_from_client: bool,
    /// Whether the node that handles it has passed it on already.
    pub(crate) is_passed: bool,
}

/// What all copies of an event have in common.
#[derive(Debug)]
pub(crate) struct FlightData {
    pub(crate) event: AnyEvent,
    /// What is known of its type.
    pub(crate) known: Option<&'static EventType>,
    /// About how many bytes of memory it takes.
    pub(crate) size: usize,
    /// Which of the places that several edges lead to have it already; only in graphs that have some.
    joined: Box<[AtomicU64]>,
    /// The turn that it belongs to.
    pub(crate) turn: u32,
    /// The same, if turns are runs.
    pub(crate) in_turn: Option<Arc<Turn>>,
    /// The request that it follows from, in graphs that answer such events.
    pub(crate) request: Option<AnyEvent>,
    /// The floor, at the end of a response.
    floor: Option<Box<UntilEnd>>,
    /// What is done with it, beside passing it on.
    pub(crate) rules: Rules,
    /// Whether it is dropped if its turn is interrupted.
    pub(crate) is_interruptible: bool,
}

impl Deref for Flight {
    type Target = FlightData;

    fn deref(&self) -> &FlightData {
        &self.shared
    }
}

impl Flight {
    /// A flight through a graph with so many places that several edges lead to.
    pub(crate) fn new(
        event: AnyEvent,
        rules: Rules,
        turn: u32,
        in_turn: Option<Arc<Turn>>,
        request: Option<AnyEvent>,
        joins: usize,
    ) -> Self {
        let known = event.known_type();
        let shared = Arc::new(FlightData {
            size: event.size(),
            event,
            known,
            joined: (0..joins.div_ceil(64)).map(|_| AtomicU64::new(0)).collect(),
            turn,
            in_turn,
            request,
            floor: None,
            rules,
            is_interruptible: known.is_some_and(|known| known.flow().interruptible),
        });
        Self { shared, is_from_client: false, is_passed: false }
    }

    /// The same, as one that the client sent.
    pub(crate) fn sent_by_client(self) -> Self {
        Self { is_from_client: true, ..self }
    }

    /// The same, as the end of a response, with which the floor is given up.
    pub(super) fn with_floor(mut self, speaking: Option<Speaking>) -> Self {
        if let (Some(speaking), Some(shared)) = (speaking, Arc::get_mut(&mut self.shared)) {
            shared.floor = Some(Box::new(UntilEnd::new(speaking)));
        }
        self
    }

    /// The floor, if this is the end of a response, and still has it.
    pub(super) fn take_floor(&self) -> Option<Speaking> {
        self.floor.as_ref()?.take()
    }

    /// Whether this copy is the first that comes to the place of this number.
    pub(crate) fn is_first_at(&self, join: Option<usize>) -> bool {
        let Some(join) = join else { return true };
        let bit = 1 << (join % 64);
        self.joined[join / 64].fetch_or(bit, Ordering::Relaxed) & bit == 0
    }
}

#[cfg(test)]
mod tests {
    use atoms_runtime::Envelope;

    use super::*;
    use crate::events::Ready;

    #[test]
    fn only_the_first_copy_of_an_event_is_first_at_a_place_where_ways_meet() {
        let new = || Flight::new(Envelope::new(Ready).into(), Rules::of(None), 0, None, None, 130);
        let (flight, other) = (new(), new());
        let copy = flight.clone();
        for place in 0..130 {
            assert!(flight.is_first_at(Some(place)), "{place}");
            assert!(!copy.is_first_at(Some(place)) && !flight.is_first_at(Some(place)), "{place}");
            assert!(flight.is_first_at(None));
        }
        assert!((0..130).all(|place| other.is_first_at(Some(place))));
    }
}
