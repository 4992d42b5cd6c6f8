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
    pub(crate) ready: Ready,
    /// How many take what is ready.
    taking: usize,
    /// When the next event is due, in microseconds since 1970.
    pub(crate) next_due: Option<i64>,
    loads: [Load; 7],
}

/// Whether an event is ready to be taken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Ready {
    #[default]
    No,
    /// Who wants to know it has to look.
    Unknown,
    Yes,
}

impl Ready {
    pub(crate) fn of(is_ready: bool) -> Self {
        if is_ready { Self::Yes } else { Self::No }
    }
}

impl Seen {
    /// Whether an event may be ready, or is just being taken.
    pub(crate) fn may_be_ready(&self) -> bool {
        self.ready != Ready::No || self.taking > 0
    }

    pub(crate) fn load(&self, room: Room) -> Load {
        self.loads[usize::from(room.0)]
    }
}

impl Board {
    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was last seen.
    pub(crate) fn seen(&self) -> Seen {
        *self.lock()
    }

    /// Looks into the file, in which so much is known to be ready, and wakes the tasks that wait. If that fails, they look
    /// themselves.
    pub(crate) fn look(&self, connection: &Connection, ready: Ready) -> Result<(), Failed> {
        let looked = look(connection);
        let mut seen = self.lock();
        let ready = if looked.is_err() { ready.max(Ready::Unknown) } else { ready };
        seen.ready = seen.ready.max(ready);
        let looked = looked.map(|(next_due, loads)| (seen.next_due, seen.loads) = (next_due, loads));
        drop(seen);
        self.changed.notify_waiters();
        looked
    }

    /// Says that what is ready is taken. It is called before the file is read.
    pub(crate) fn begin_take(&self) {
        let mut seen = self.lock();
        (seen.ready, seen.taking) = (Ready::No, seen.taking + 1);
    }

    /// Says that it was taken, and what is ready still.
    pub(crate) fn end_take(&self, ready: Ready) {
        self.lock().taking -= 1;
        self.set_ready(ready);
    }

    /// Says that something is ready.
    pub(crate) fn set_ready(&self, ready: Ready) {
        let mut seen = self.lock();
        seen.ready = seen.ready.max(ready);
        drop(seen);
        if ready != Ready::No {
            self.changed.notify_waiters();
        }
    }

    /// Waits until `until` returns a value. Calls it again at each change, and after the time that it returns.
    pub(crate) async fn wait<T>(&self, mut until: impl FnMut(Seen) -> Result<T, Duration>) -> T {
        loop {
            let mut changed = pin!(self.changed.notified());
            changed.as_mut().enable();
            let seen = self.seen();
            match until(seen) {
                Ok(value) => return value,
                Err(Duration::MAX) => changed.await,
                // Whether something has changed, or the time has come.
                Err(time) => drop(timeout(time, changed).await),
            }
        }
    }
}

/// When the next event is due, and the loads.
fn look(connection: &Connection) -> Result<(Option<i64>, [Load; 7]), Failed> {
    let sql = "SELECT min(due) FROM atoms_post WHERE state = 0";
    let next_due = connection.prepare_cached(sql)?.query_row([], |row| row.get(0))?;
    let mut loads = [Load::default(); 7];
    let mut statement = connection.prepare_cached("SELECT room, number, bytes FROM atoms_load")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        if let Some(load) = loads.get_mut(row.get::<_, usize>(0)?) {
            *load = Load { number: row.get(1)?, bytes: row.get(2)? };
        }
    }
    Ok((next_due, loads))
}
