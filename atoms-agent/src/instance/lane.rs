//! A lane of a mailbox: events that wait, and their bytes.

use std::collections::VecDeque;

use super::flight::Flight;

/// How many events may wait in a mailbox before senders wait.
const CAPACITY: usize = 64;

/// How many events may wait before events from outside of the graph, whose senders do not wait, are refused.
const OVERFULL: usize = 1_024;

/// How many events may be put in by nodes that do not wait for room. Further events are lost.
const LIMIT: usize = 65_536;

/// How full a lane is, by the number of its events or by their bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fill {
    /// There is room.
    Free,
    /// Senders wait.
    Full,
    /// Events from outside of the graph, whose senders do not wait, are refused.
    Overfull,
    /// All events are refused.
    Limit,
}

/// How many bytes of events may wait in a mailbox before senders wait. Events from outside of the graph are taken up to four
/// times as many bytes, and those of nodes that do not wait up to 64 times as many. The last event may exceed the limit.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bytes(pub(super) usize);

impl Bytes {
    fn fill(self, events: usize, bytes: usize) -> Fill {
        let reaches = |limit: usize, times: usize| events >= limit || bytes >= self.0.saturating_mul(times);
        // The usual case comes first.
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

    pub(super) fn remove(&mut self, is_removed: impl Fn(&Flight) -> bool) -> VecDeque<Flight> {
        let (removed, kept) = std::mem::take(&mut self.flights).into_iter().partition(is_removed);
        self.flights = kept;
        self.bytes = self.flights.iter().map(|flight| flight.size).sum();
        removed
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
