//! The state of the file, for tasks that wait for a change.

use std::pin::pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::Connection;
use tokio::sync::Notify;
use tokio::time::timeout;

use super::failed::Failed;
use super::load::{Load, Room};

/// The state that the writer has last seen in the file.
#[derive(Debug, Default)]
pub(crate) struct Board {
    seen: Mutex<Seen>,
    changed: Notify,
}

#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Seen {
    /// Whether an event is ready to be taken.
    pub(crate) is_ready: bool,
    /// When the next event is due, in microseconds since 1970.
    pub(crate) next_due: Option<i64>,
    loads: [Load; 7],
}

impl Seen {
    pub(crate) fn load(&self, room: Room) -> Load {
        self.loads[usize::from(room.0)]
    }
}

impl Board {
    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks into the file, and wakes the tasks that wait. If that fails, they look themselves.
    pub(crate) fn look(&self, connection: &Connection) -> Result<(), Failed> {
        let looked = seen(connection);
        let mut state = self.lock();
        match &looked {
            Ok(seen) => *state = *seen,
            Err(_) => state.is_ready = true,
        }
        drop(state);
        self.wake();
        looked.map(drop)
    }

    /// Wakes the tasks that wait, so that they look again.
    pub(crate) fn wake(&self) {
        self.changed.notify_waiters();
    }

    /// Waits until `until` returns a value. Calls it again at each change, and after the time that it returns.
    pub(crate) async fn wait<T>(&self, mut until: impl FnMut(Seen) -> Result<T, Duration>) -> T {
        loop {
            let mut changed = pin!(self.changed.notified());
            changed.as_mut().enable();
            let seen = *self.lock();
            match until(seen) {
                Ok(value) => return value,
                Err(Duration::MAX) => changed.await,
                // Whether something has changed, or the time has come.
                Err(time) => drop(timeout(time, changed).await),
            }
        }
    }
}

fn seen(connection: &Connection) -> Result<Seen, Failed> {
    let sql = "SELECT EXISTS (SELECT 1 FROM atoms_post WHERE state = 1),
                      (SELECT due FROM atoms_post WHERE state = 0 ORDER BY due, number LIMIT 1)";
    let mut statement = connection.prepare_cached(sql)?;
    let (is_ready, next_due) = statement.query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let mut loads = [Load::default(); 7];
    let mut statement = connection.prepare_cached("SELECT room, number, bytes FROM atoms_load")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        if let Some(load) = loads.get_mut(row.get::<_, usize>(0)?) {
            *load = Load { number: row.get(1)?, bytes: row.get(2)? };
        }
    }
    Ok(Seen { is_ready, next_due, loads })
}
