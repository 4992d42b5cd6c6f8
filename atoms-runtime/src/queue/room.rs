//! The room in the queue, by number and by bytes.

use tokio::sync::{Semaphore, TryAcquireError};

use super::{PostRefusal, Priority};

/// How many events of handlers are taken beyond the room that there is.
const OF_HANDLERS: usize = 65_536;

/// Which room an event takes: that of its priority, or that of those that are due later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Room {
    Of(Priority),
    Delayed,
    /// What handlers post where there is no room, since they may be what takes it.
    OfHandlers,
    /// None: the handlers of posted events emitted it, of which each may emit so much.
    Followed,
}

impl Room {
    const ALL: [Self; 5] = [
        Self::Of(Priority::Background),
        Self::Of(Priority::Normal),
        Self::Of(Priority::High),
        Self::Delayed,
        Self::OfHandlers,
    ];

    fn index(self) -> usize {
        match self {
            Self::Of(priority) => priority as usize,
            Self::Delayed => 3,
            Self::OfHandlers => 4,
            Self::Followed => 5,
        }
    }
}

/// All rooms of a queue. Each gives room out in order.
pub(crate) struct Rooms {
    rooms: [Space; Room::ALL.len()],
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
        let rooms = Room::ALL.map(|room| {
            let capacity = if room == Room::OfHandlers { OF_HANDLERS } else { capacity };
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

    /// Takes the room of so many events back.
    pub(crate) fn give_back(&self, room: Room, places: usize, bytes: usize) {
        let Some(space) = self.rooms.get(room.index()) else { return };
        space.bytes.add_permits(bytes);
        space.places.add_permits(places);
    }

    /// Takes the room of all these back, each room at once.
    pub(crate) fn give_back_all(&self, given: impl Iterator<Item = (Room, u32)> + Clone) {
        for room in Room::ALL {
            let of_room = given.clone().filter(|(it, _)| *it == room);
            let (places, bytes) =
                of_room.fold((0, 0), |(places, sum), (_, bytes)| (places + 1, sum + bytes as usize));
            if places > 0 {
                self.give_back(room, places, bytes);
            }
        }
    }

    /// Gives nothing out any more.
    pub(crate) fn close(&self) {
        for space in &self.rooms {
            space.places.close();
            space.bytes.close();
        }
    }
}

fn refusal(error: &TryAcquireError, full: PostRefusal) -> PostRefusal {
    match error {
        TryAcquireError::NoPermits => full,
        TryAcquireError::Closed => PostRefusal::Closed,
    }
}
