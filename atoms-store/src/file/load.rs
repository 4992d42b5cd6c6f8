//! The load of each kind, and its limits.

use atoms_runtime::{BacklogRoom, Priority, StoreError, StoreErrorKind};
use rusqlite::Connection;

use super::failed::Failed;

/// A kind that is bounded, as the number of its row in `atoms_load`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Room(pub(crate) u8);

impl Room {
    pub(crate) const LETTERS: Self = Self(4);
    pub(crate) const OPEN_QUESTIONS: Self = Self(5);
    pub(crate) const ENDED_QUESTIONS: Self = Self(6);
    pub(crate) const HISTORY: Self = Self(7);
}

impl From<BacklogRoom> for Room {
    fn from(room: BacklogRoom) -> Self {
        match room {
            BacklogRoom::Of(Priority::Background) => Self(0),
            BacklogRoom::Of(Priority::Normal) => Self(1),
            BacklogRoom::Of(Priority::High) => Self(2),
            BacklogRoom::Delayed => Self(3),
        }
    }
}

/// The number of a kind, and the bytes of all together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Load {
    pub(crate) number: usize,
    pub(crate) bytes: usize,
}

/// The limits of a kind: a number, and the bytes of all together.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) number: usize,
    pub(crate) bytes: usize,
}

impl Limits {
    /// Whether there is room for one more of this size. One that is larger than the limit is taken alone.
    pub(crate) fn has_room(self, load: Load, bytes: usize) -> bool {
        load.number < self.number && (load.number == 0 || load.bytes + bytes <= self.bytes)
    }

    /// Whether there are too many.
    pub(crate) fn is_exceeded(self, load: Load) -> bool {
        load.number > self.number || load.bytes > self.bytes && load.number > 1
    }

    pub(crate) fn full(self) -> Failed {
        let Self { number, bytes } = self;
        let what = format!("the limit is {number} of a kind, and {bytes} bytes of them");
        StoreError::new(StoreErrorKind::Full, what).into()
    }
}

impl Load {
    pub(crate) fn add(&mut self, bytes: usize) {
        self.number += 1;
        self.bytes += bytes;
    }

    pub(crate) fn remove(&mut self, bytes: usize) {
        self.number = self.number.saturating_sub(1);
        self.bytes = self.bytes.saturating_sub(bytes);
    }
}

pub(crate) fn load(connection: &Connection, room: Room) -> Result<Load, Failed> {
    let mut statement = connection.prepare_cached("SELECT number, bytes FROM atoms_load WHERE room = ?")?;
    Ok(statement.query_row([room.0], |row| Ok(Load { number: row.get(0)?, bytes: row.get(1)? }))?)
}

/// The next number of a counter.
pub(crate) fn next(connection: &Connection, counter: &str) -> Result<i64, Failed> {
    let sql = "UPDATE atoms_counter SET value = value + 1 WHERE name = ? RETURNING value";
    Ok(connection.prepare_cached(sql)?.query_row([counter], |row| row.get(0))?)
}
