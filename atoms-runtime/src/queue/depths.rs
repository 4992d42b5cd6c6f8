//! How much is in the queue.

use serde::Serialize;

use super::Priority;
use super::backlog::BacklogRoom;

/// How many posted events there are, and how many bytes of memory they take.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct QueueDepth {
    /// How many events.
    pub events: usize,
    /// How many bytes they take, as [`AnyEvent::size`](crate::AnyEvent::size) counts them. An event that is larger than all
    /// room counts as so much room.
    pub bytes: usize,
}

/// The posted events that are not done, by the room that they take: what [`Bus::queue_depths`](crate::Bus::queue_depths)
/// returns.
///
/// An event takes room from when it is posted until its delivery is done, whether it waits or not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct QueueDepths {
    /// Those of high priority.
    pub high: QueueDepth,
    /// Those of normal priority.
    pub normal: QueueDepth,
    /// Those of the background.
    pub background: QueueDepth,
    /// Those of all priorities that were posted to be delivered later, also once they are due.
    pub delayed: QueueDepth,
    /// Those that handlers have posted where there was no room.
    pub beyond: QueueDepth,
    /// How many events handlers of posted events have emitted that have not begun. They take no room. On a bus with another
    /// [backlog](crate::Backlog), they are among the others.
    pub followed: usize,
}

impl QueueDepth {
    /// Creates the depth of so many events, which take so many bytes.
    pub fn new(events: usize, bytes: usize) -> Self {
        Self { events, bytes }
    }

    /// Adds an event of this size.
    pub fn add(&mut self, bytes: usize) {
        *self = self.and(Self { events: 1, bytes });
    }

    fn and(self, other: Self) -> Self {
        Self { events: self.events + other.events, bytes: self.bytes + other.bytes }
    }
}

impl QueueDepths {
    /// Returns the depth of a room of a [`Backlog`](crate::Backlog), to count its events.
    pub fn of(&mut self, room: BacklogRoom) -> &mut QueueDepth {
        match room {
            BacklogRoom::Of(Priority::High) => &mut self.high,
            BacklogRoom::Of(Priority::Normal) => &mut self.normal,
            BacklogRoom::Of(Priority::Background) => &mut self.background,
            BacklogRoom::Delayed => &mut self.delayed,
        }
    }

    pub(crate) fn and(self, other: Self) -> Self {
        Self {
            high: self.high.and(other.high),
            normal: self.normal.and(other.normal),
            background: self.background.and(other.background),
            delayed: self.delayed.and(other.delayed),
            beyond: self.beyond.and(other.beyond),
            followed: self.followed + other.followed,
        }
    }
}
