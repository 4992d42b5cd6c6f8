//! A lane of a mailbox: events that wait, and how many bytes they are.

use std::collections::VecDeque;

use super::flight::Flight;

/// How many events may wait in a mailbox before those who send into it wait as well.
const CAPACITY: usize = 64;

/// How many events may wait before what comes from outside of the graph, and does not wait, is refused.
const OVERFULL: usize = 1_024;

/// How many events may be put in by those who do not wait for room; what comes beyond that is lost.
const LIMIT: usize = 65_536;

/// How much waits. It is reached by the number of the events, or by their bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fill {
    /// There is room.
    Free,
    /// Who sends waits.
    Full,
    /// What does not wait, and comes from outside of the graph, is refused.
    Overfull,
    /// Nothing more is taken in.
    Limit,
}

/// Of how many bytes the events are that may wait in a mailbox before those who send into it wait as well.
/// From outside of the graph four times as many are taken, and from nodes that do not wait 64 times as many;
/// one more event may always come.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bytes(pub(super) usize);

impl Bytes {
    fn fill(self, events: usize, bytes: usize) -> Fill {
        let reaches = |limit: usize, times: usize| events >= limit || bytes >= self.0.saturating_mul(times);
        // The one that mostly is so is asked first.
        if !reaches(CAPACITY, 1) {
            Fill::Free
        } else if !reaches(OVERFULL, 4) {
            Fill::Full
        } else if !reaches(LIMIT, 64) {
            Fill::Overfull
        } else {
            Fill::Limit
        }
    }
}

/// Events that wait, in order.
#[derive(Default)]
pub(crate) struct Lane {
    flights: VecDeque<Flight>,
    bytes: usize,
}

impl Lane {
    pub(super) fn push(&mut self, flight: Flight) {
        self.bytes += flight.size;
        self.flights.push_back(flight);
    }

    pub(super) fn pop(&mut self) -> Option<Flight> {
        let next = self.flights.pop_front()?;
        self.bytes -= next.size;
        Some(next)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.flights.is_empty()
    }

    pub(super) fn fill(&self, limit: Bytes) -> Fill {
        limit.fill(self.flights.len(), self.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_is_bounded_in_number_and_in_bytes() {
        let limit = Bytes(1_000);
        for (events, bytes, fill) in [
            (0, 0, Fill::Free),
            (63, 999, Fill::Free),
            (64, 0, Fill::Full),
            (1, 1_000, Fill::Full),
            (1_023, 3_999, Fill::Full),
            (1_024, 0, Fill::Overfull),
            (1, 4_000, Fill::Overfull),
            (65_535, 63_999, Fill::Overfull),
            (65_536, 0, Fill::Limit),
            (1, 64_000, Fill::Limit),
        ] {
            assert_eq!(limit.fill(events, bytes), fill, "{events} events of {bytes} bytes");
        }
    }
}
