//! Posted events as rows.

use atoms_runtime::{BacklogRoom, EventKey, NewPost, Priority, StoreError, StoreErrorKind, Ticket};
use rusqlite::{Connection, OptionalExtension, params};

use crate::file::{Failed, File, Load, Room, load, next};

/// The state of a post in `atoms_post`.
mod state {
    pub(super) const DELAYED: i64 = 0;
    pub(super) const READY: i64 = 1;
    pub(super) const WAITS_FOR_KEY: i64 = 2;
    pub(super) const TAKEN: i64 = 3;
    pub(super) const UNREADABLE: i64 = 4;
}

/// How many events are admitted at once, so that other jobs have their turn.
const ADMITTED: usize = 1_024;

/// A posted event that will be stored.
#[derive(Debug)]
pub(crate) struct NewRow {
    event: String,
    r#type: String,
    key: Option<EventKey>,
    priority: Priority,
    room: BacklogRoom,
    /// How many bytes of memory the event takes.
    pub(crate) bytes: usize,
    due: Option<i64>,
    /// How often it was taken.
    times: u64,
    handlers: Vec<String>,
    frame: Vec<u8>,
}

/// A posted event that was taken.
#[derive(Debug)]
pub(crate) struct TakenRow {
    pub(crate) ticket: Ticket,
    pub(crate) priority: Priority,
    pub(crate) handlers: Vec<String>,
    pub(crate) frame: Vec<u8>,
}

impl NewRow {
    pub(crate) fn of(post: NewPost, file: &File) -> Result<Self, StoreError> {
        let event = post.event;
        Ok(Self {
            event: event.id().to_string(),
            r#type: event.event_type().to_owned(),
            key: event.key(),
            priority: post.priority,
            room: BacklogRoom::of(post.priority, post.due),
            bytes: event.size(),
            due: post.due.map(|due| due.unix_micros()),
            times: 0,
            handlers: post.handlers,
            frame: file.write_event(&event)?,
        })
    }

    /// The event of a dead letter, for the handler that failed. It has no key any more, so it waits for no other event. It
    /// counts as taken before, so that it finds its letter, and nobody else sees it again.
    pub(crate) fn redelivered(
        event: String,
        r#type: String,
        bytes: usize,
        handler: String,
        frame: Vec<u8>,
    ) -> Self {
        let (priority, handlers) = (Priority::default(), vec![handler]);
        let room = BacklogRoom::of(priority, None);
        Self { event, r#type, key: None, priority, room, bytes, due: None, times: 1, handlers, frame }
    }

    pub(crate) fn all(posts: Vec<NewPost>, file: &File) -> Result<Vec<Self>, StoreError> {
        posts.into_iter().map(|post| Self::of(post, file)).collect()
    }

    /// The id of the event.
    pub(crate) fn event(&self) -> &str {
        &self.event
    }

    pub(crate) fn room(&self) -> BacklogRoom {
        self.room
    }

    /// The bytes that it holds until it is written.
    pub(crate) fn size(&self) -> usize {
        self.frame.len() + self.handlers.iter().map(String::len).sum::<usize>()
    }
}

/// The number of the event with this id, if it is stored.
pub(crate) fn number_of(connection: &Connection, event: &str) -> Result<Option<u64>, Failed> {
    let mut statement = connection.prepare_cached("SELECT number FROM atoms_post WHERE event = ?")?;
    Ok(statement.query_row([event], |row| row.get(0)).optional()?)
}

/// Stores an event, unless it is stored already. Returns its number.
pub(crate) fn insert(connection: &Connection, row: &NewRow) -> Result<u64, Failed> {
    if let Some(number) = number_of(connection, &row.event)? {
        return Ok(number);
    }
    let number = next(connection, "place")?;
    let key = row.key.as_ref().map(EventKey::as_bytes);
    let (place, state) = match row.due {
        Some(_) => (None, state::DELAYED),
        None => (Some(number), admitted(connection, key)?),
    };
    let sql =
        "INSERT INTO atoms_post (number, event, type, key, priority, room, bytes, due, place, state, times)
               VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    let room = Room::from(row.room).0;
    let priority = row.priority as i64;
    connection.prepare_cached(sql)?.execute(params![
        number, row.event, row.r#type, key, priority, room, row.bytes, row.due, place, state, row.times
    ])?;
    let mut frame = connection.prepare_cached("INSERT INTO atoms_frame (post, frame) VALUES (?, ?)")?;
    frame.execute(params![number, row.frame])?;
    let sql = "INSERT INTO atoms_delivery (post, place, handler) VALUES (?, ?, ?)";
    let mut delivery = connection.prepare_cached(sql)?;
    for (place, handler) in row.handlers.iter().enumerate() {
        delivery.execute(params![number, place, handler])?;
    }
    Ok(number as u64)
}

/// The state of an event with this key that is admitted now.
fn admitted(connection: &Connection, key: Option<&[u8]>) -> Result<i64, Failed> {
    let Some(key) = key else { return Ok(state::READY) };
    let sql = "SELECT EXISTS (SELECT 1 FROM atoms_post WHERE key = ? AND place IS NOT NULL)";
    let waits: bool = connection.prepare_cached(sql)?.query_row([key], |row| row.get(0))?;
    Ok(if waits { state::WAITS_FOR_KEY } else { state::READY })
}

/// Admits events that are due.
pub(crate) fn admit_due(connection: &Connection, now: i64) -> Result<(), Failed> {
    let sql = "SELECT number, key FROM atoms_post WHERE state = 0 AND due <= ? ORDER BY due, number LIMIT ?";
    let mut statement = connection.prepare_cached(sql)?;
    let due = statement.query_map(params![now, ADMITTED], |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, Option<Vec<u8>>>(1)?))
    })?;
    let due: Vec<_> = due.collect::<Result<_, _>>()?;
    let sql = "UPDATE atoms_post SET place = ?, state = ? WHERE number = ?";
    let mut admit = connection.prepare_cached(sql)?;
    for (number, key) in due {
        let state = admitted(connection, key.as_deref())?;
        admit.execute(params![next(connection, "place")?, state, number])?;
    }
    Ok(())
}

/// Takes events that are ready, by their priorities and then in the order of admission.
pub(crate) fn take(connection: &Connection, limit: usize) -> Result<Vec<TakenRow>, Failed> {
    let sql = "SELECT number FROM atoms_post WHERE state = 1 ORDER BY priority DESC, place LIMIT ?";
    let mut statement = connection.prepare_cached(sql)?;
    let numbers = statement.query_map([limit.min(i64::MAX as usize)], |row| row.get(0))?;
    let numbers: Vec<i64> = numbers.collect::<Result<_, _>>()?;
    numbers.into_iter().map(|number| take_one(connection, number)).collect()
}

fn take_one(connection: &Connection, number: i64) -> Result<TakenRow, Failed> {
    let sql = "UPDATE atoms_post SET state = ?, times = times + 1 WHERE number = ? RETURNING priority, times";
    let mut statement = connection.prepare_cached(sql)?;
    let (priority, times) =
        statement.query_row([state::TAKEN, number], |row| Ok((row.get::<_, u8>(0)?, row.get(1)?)))?;
    let mut statement = connection.prepare_cached("SELECT frame FROM atoms_frame WHERE post = ?")?;
    let frame = statement.query_row([number], |row| row.get(0))?;
    let sql = "SELECT handler FROM atoms_delivery WHERE post = ? ORDER BY place";
    let mut statement = connection.prepare_cached(sql)?;
    let handlers = statement.query_map([number], |row| row.get(0))?.collect::<Result<_, _>>()?;
    let priority = match priority {
        0 => Priority::Background,
        2 => Priority::High,
        _ => Priority::Normal,
    };
    Ok(TakenRow { ticket: Ticket { id: number as u64, times }, priority, handlers, frame })
}

/// Records that handlers are done with an event. Fails if the ticket is not valid any more.
pub(crate) fn acknowledge(
    connection: &Connection,
    ticket: Ticket,
    handlers: &[String],
) -> Result<(), Failed> {
    let sql = "SELECT key FROM atoms_post WHERE number = ? AND state = ? AND times = ?";
    let mut statement = connection.prepare_cached(sql)?;
    let key = statement
        .query_row(params![ticket.id, state::TAKEN, ticket.times], |row| row.get::<_, Option<Vec<u8>>>(0))
        .optional()?;
    let Some(key) = key else {
        return Err(StoreError::new(StoreErrorKind::Lost, "it was given back, or is done").into());
    };
    let sql = "DELETE FROM atoms_delivery WHERE post = ? AND handler = ?";
    let mut delivery = connection.prepare_cached(sql)?;
    for handler in handlers {
        delivery.execute(params![ticket.id, handler])?;
    }
    let sql = "SELECT EXISTS (SELECT 1 FROM atoms_delivery WHERE post = ?)";
    let mut statement = connection.prepare_cached(sql)?;
    let has_more: bool = statement.query_row([ticket.id], |row| row.get(0))?;
    if !has_more {
        connection.prepare_cached("DELETE FROM atoms_post WHERE number = ?")?.execute([ticket.id])?;
        free(connection, key.as_deref())?;
    }
    Ok(())
}

/// Makes the next event of a key ready, after the first one has gone.
fn free(connection: &Connection, key: Option<&[u8]>) -> Result<(), Failed> {
    let Some(key) = key else { return Ok(()) };
    let sql = "UPDATE atoms_post SET state = ?2 WHERE state = ?3 AND number =
               (SELECT number FROM atoms_post WHERE key = ?1 AND place IS NOT NULL ORDER BY place LIMIT 1)";
    connection.prepare_cached(sql)?.execute(params![key, state::READY, state::WAITS_FOR_KEY])?;
    Ok(())
}

/// Gives an event back, if the ticket is still valid.
pub(crate) fn give_back(connection: &Connection, ticket: Ticket) -> Result<(), Failed> {
    let sql = "UPDATE atoms_post SET state = ? WHERE number = ? AND state = ? AND times = ?";
    let mut statement = connection.prepare_cached(sql)?;
    statement.execute(params![state::READY, ticket.id, state::TAKEN, ticket.times])?;
    Ok(())
}

/// Marks an event that cannot be read. It loses its key, so that no other event waits for it.
pub(crate) fn set_unreadable(connection: &Connection, ticket: Ticket) -> Result<(), Failed> {
    let mut statement = connection.prepare_cached("SELECT key FROM atoms_post WHERE number = ?")?;
    let key: Option<Option<Vec<u8>>> = statement.query_row([ticket.id], |row| row.get(0)).optional()?;
    let sql = "UPDATE atoms_post SET state = ?, key = NULL WHERE number = ?";
    connection.prepare_cached(sql)?.execute(params![state::UNREADABLE, ticket.id])?;
    free(connection, key.flatten().as_deref())
}

/// Removes an event that is not due. Returns whether there was one.
pub(crate) fn cancel(connection: &Connection, event: &str, now: i64) -> Result<bool, Failed> {
    let sql = "DELETE FROM atoms_post WHERE event = ? AND state = ? AND due > ?";
    Ok(connection.prepare_cached(sql)?.execute(params![event, state::DELAYED, now])? > 0)
}

/// Whether there is an event with this id that is not due.
pub(crate) fn is_pending(connection: &Connection, event: &str, now: i64) -> Result<bool, Failed> {
    let sql = "SELECT EXISTS (SELECT 1 FROM atoms_post WHERE event = ? AND state = ? AND due > ?)";
    let mut statement = connection.prepare_cached(sql)?;
    Ok(statement.query_row(params![event, state::DELAYED, now], |row| row.get(0))?)
}

/// How many events are not done.
pub(crate) fn count(connection: &Connection) -> Result<usize, Failed> {
    let mut statement = connection.prepare_cached("SELECT sum(number) FROM atoms_load WHERE room < 4")?;
    Ok(statement.query_row([], |row| row.get(0))?)
}

/// The load of each room of the backlog.
pub(crate) fn loads(connection: &Connection) -> Result<[Load; 4], Failed> {
    let mut loads = [Load::default(); 4];
    for (room, found) in (0..).zip(&mut loads) {
        *found = load(connection, Room(room))?;
    }
    Ok(loads)
}
