//! The transaction of jobs that share a commit.

use std::cell::{Cell, RefCell};
use std::ops::Deref;

use rusqlite::{Connection, params};

use super::failed::Failed;
use super::load::{Load, Room};

/// A transaction, with what is read and written once for all of its jobs: how many posts there are, and the order in which
/// they are admitted.
pub(crate) struct Batch<'a> {
    connection: &'a Connection,
    loads: RefCell<Option<Loads>>,
    place: Cell<Option<i64>>,
    has_ready: Cell<bool>,
}

/// The loads of the rooms of posts, and which of them have changed.
#[derive(Clone, Copy, Default)]
struct Loads([(Load, bool); ROOMS]);

/// How many rooms posts have.
const ROOMS: usize = 4;

impl Deref for Batch<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.connection
    }
}

impl<'a> Batch<'a> {
    pub(crate) fn new(connection: &'a Connection) -> Self {
        Self { connection, loads: RefCell::default(), place: Cell::default(), has_ready: Cell::default() }
    }

    /// The load of each room of posts.
    pub(crate) fn loads(&self) -> Result<[Load; ROOMS], Failed> {
        self.with_loads(|loads| loads.0.map(|(load, _)| load))
    }

    /// Counts a post that was stored.
    pub(crate) fn add(&self, room: Room, bytes: usize) -> Result<(), Failed> {
        self.change(room, |load| load.add(bytes))
    }

    /// Counts a post that was removed.
    pub(crate) fn remove(&self, room: Room, bytes: usize) -> Result<(), Failed> {
        self.change(room, |load| load.remove(bytes))
    }

    fn change(&self, room: Room, change: impl FnOnce(&mut Load)) -> Result<(), Failed> {
        self.with_loads(|loads| {
            if let Some((load, has_changed)) = loads.0.get_mut(usize::from(room.0)) {
                change(load);
                *has_changed = true;
            }
        })
    }

    fn with_loads<T>(&self, act: impl FnOnce(&mut Loads) -> T) -> Result<T, Failed> {
        let mut loads = self.loads.borrow_mut();
        let loads = match &mut *loads {
            Some(loads) => loads,
            none => none.insert(read(self.connection)?),
        };
        Ok(act(loads))
    }

    /// The next place in the order of admission.
    pub(crate) fn next_place(&self) -> Result<i64, Failed> {
        let last = match self.place.get() {
            Some(place) => place,
            None => {
                let sql = "SELECT value FROM atoms_counter WHERE name = 'place'";
                self.prepare_cached(sql)?.query_row([], |row| row.get(0))?
            }
        };
        self.place.set(Some(last + 1));
        Ok(last + 1)
    }

    /// Says that something may be taken after the commit.
    pub(crate) fn set_ready(&self) {
        self.has_ready.set(true);
    }

    /// Writes what is written once. Returns whether something may be taken after the commit.
    pub(crate) fn write(self) -> Result<bool, Failed> {
        if let Some(place) = self.place.get() {
            let sql = "UPDATE atoms_counter SET value = ? WHERE name = 'place'";
            self.prepare_cached(sql)?.execute([place])?;
        }
        let loads = self.loads.take().unwrap_or_default().0;
        for (room, (load, _)) in loads.iter().enumerate().filter(|(_, (_, has_changed))| *has_changed) {
            let sql = "UPDATE atoms_load SET number = ?, bytes = ? WHERE room = ?";
            self.prepare_cached(sql)?.execute(params![load.number, load.bytes, room])?;
        }
        Ok(self.has_ready.get())
    }
}

fn read(connection: &Connection) -> Result<Loads, Failed> {
    let mut loads = Loads::default();
    let mut statement =
        connection.prepare_cached("SELECT room, number, bytes FROM atoms_load WHERE room < 4")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        if let Some((load, _)) = loads.0.get_mut(row.get::<_, usize>(0)?) {
            *load = Load { number: row.get(1)?, bytes: row.get(2)? };
        }
    }
    Ok(loads)
}
