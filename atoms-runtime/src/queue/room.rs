//! The room in the queue, by number and by bytes.

use std::iter;

use tokio::sync::{Semaphore, TryAcquireError};

use super::{PostRefusal, Priority, QueueDepth, QueueDepths};

/// How many events of handlers are taken beyond the room that there is.
const OF_HANDLERS: usize = 65_536;

/// Which room an event takes, and its priority.
///
/// One byte of which the compiler uses no value for something else: an `Option` of what has such a value is moved in
/// parts, and a posted event is moved several times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Room(u8);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RoomKind {
    OfPriority,
    Delayed,
    /// What handlers post where there is no room, since they may be what takes it.
    OfHandlers,
    /// What handlers post for later during a shutdown, which hands it back.
    HandedBack,
    /// None: the handlers of posted events emitted it, of which each may emit so much.
    Followed,
}

/// How many priorities there are.
const PRIORITIES: u8 = 3;

/// How many rooms there are: one for each priority, and three others.
const ROOMS: usize = 6;

impl Room {
    pub(crate) fn new(kind: RoomKind, priority: Priority) -> Self {
        Self(kind as u8 * PRIORITIES + priority as u8)
    }

    pub(crate) fn priority(self) -> Priority {
        match self.0 % PRIORITIES {
            0 => Priority::Background,
            1 => Priority::Normal,
            _ => Priority::High,
        }
    }

    pub(crate) fn of(self, kind: RoomKind) -> Self {
        Self::new(kind, self.priority())
    }

    /// The place of the room among all; [`RoomKind::Followed`] has none.
    fn index(self) -> usize {
        match self.0 / PRIORITIES {
            0 => self.0.into(),
            kind => usize::from(kind) + 2,
        }
    }

    pub(crate) fn is(self, kind: RoomKind) -> bool {
        self.0 / PRIORITIES == kind as u8
    }
}

/// All rooms of a queue. Each gives room out in order.
pub(crate) struct Rooms {
    rooms: [Space; ROOMS],
    /// The bytes of each room.
    bytes: usize,
}

struct Space {
    capacity: usize,
    places: Semaphore,
    bytes: Semaphore,
}

impl Rooms {
    pub(crate) fn new(capacity: usize, bytes: usize) -> Self {
        let (capacity, bytes) = (capacity.min(Semaphore::MAX_PERMITS), bytes.min(Semaphore::MAX_PERMITS));
        let rooms = [capacity, capacity, capacity, capacity, OF_HANDLERS, OF_HANDLERS].map(|capacity| {
            Space { capacity, places: Semaphore::new(capacity), bytes: Semaphore::new(bytes) }
        });
        Self { rooms, bytes }
    }

    /// What an event of this size takes. One that is larger than a room takes all of it.
    pub(crate) fn share(&self, size: usize) -> u32 {
        size.min(self.bytes).try_into().unwrap_or(u32::MAX)
    }

    pub(crate) fn try_reserve(&self, room: Room, bytes: u32) -> Result<(), PostRefusal> {
        let space = &self.rooms[room.index()];
        let full = PostRefusal::Full { capacity: space.capacity };
        let place = space.places.try_acquire().map_err(|error| refusal(&error, full))?;
        let full = PostRefusal::FullOfBytes { bytes: self.bytes };
        space.bytes.try_acquire_many(bytes).map_err(|error| refusal(&error, full))?.forget();
        place.forget();
        Ok(())
    }

    pub(crate) async fn reserve(&self, room: Room, bytes: u32) -> Result<(), PostRefusal> {
        let space = &self.rooms[room.index()];
        let place = space.places.acquire().await.map_err(|_| PostRefusal::Closed)?;
        space.bytes.acquire_many(bytes).await.map_err(|_| PostRefusal::Closed)?.forget();
        place.forget();
        Ok(())
    }

    /// Takes the room of an event back.
    pub(crate) fn give_back(&self, room: Room, bytes: u32) {
        self.give_back_all(iter::once((room, bytes)));
    }

    /// Takes the room of all these back, each room at once.
    pub(crate) fn give_back_all(&self, given: impl Iterator<Item = (Room, u32)>) {
        let mut sums = [(0, 0); ROOMS + 1];
        for (room, bytes) in given {
            let (places, sum) = &mut sums[room.index()];
            (*places, *sum) = (*places + 1, *sum + bytes as usize);
        }
        for (space, (places, bytes)) in self.rooms.iter().zip(sums).filter(|(_, (places, _))| *places > 0) {
            space.bytes.add_permits(bytes);
            space.places.add_permits(places);
        }
    }

    /// How much is taken.
    pub(crate) fn depths(&self) -> QueueDepths {
        let [background, normal, high, delayed, beyond, _] = self.rooms.each_ref().map(|space| {
            let events = space.capacity.saturating_sub(space.places.available_permits());
            QueueDepth::new(events, self.bytes.saturating_sub(space.bytes.available_permits()))
        });
        QueueDepths { background, normal, high, delayed, beyond, ..QueueDepths::default() }
    }

    /// Gives nothing out any more, but what is handed back.
    pub(crate) fn close(&self) {
        let (_, rooms) = self.rooms.split_last().expect("there are some");
        rooms.iter().for_each(Space::close);
    }

    /// All is handed back.
    pub(crate) fn close_all(&self) {
        self.rooms.iter().for_each(Space::close);
    }

    /// Whether all is handed back.
    pub(crate) fn are_all_closed(&self) -> bool {
        self.rooms.iter().all(|space| space.places.is_closed())
    }
}

impl Space {
    fn close(&self) {
        self.places.close();
        self.bytes.close();
    }
}

fn refusal(error: &TryAcquireError, full: PostRefusal) -> PostRefusal {
    match error {
        TryAcquireError::NoPermits => full,
        TryAcquireError::Closed => PostRefusal::Closed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_handed_back_is_bounded_in_number_and_in_bytes_and_outlives_the_other_rooms() {
        let (rooms, handed_back) = (Rooms::new(1, 100), Room::new(RoomKind::HandedBack, Priority::Normal));
        rooms.close();
        let of_priority = rooms.try_reserve(Room::new(RoomKind::OfPriority, Priority::Normal), 1);
        assert_eq!(of_priority, Err(PostRefusal::Closed));
        rooms.try_reserve(handed_back, 60).unwrap();
        assert_eq!(rooms.try_reserve(handed_back, 41), Err(PostRefusal::FullOfBytes { bytes: 100 }));
        for _ in 1..OF_HANDLERS {
            rooms.try_reserve(handed_back, 0).unwrap();
        }
        let full = PostRefusal::Full { capacity: OF_HANDLERS };
        assert_eq!(rooms.try_reserve(handed_back, 0), Err(full));
        rooms.close_all();
        assert_eq!(rooms.try_reserve(handed_back, 0), Err(PostRefusal::Closed));
    }
}
