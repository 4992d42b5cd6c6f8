//! Posted events as rows.

use std::sync::Arc;

use atoms_runtime::{
    BacklogRoom, DelayName, DelayedFilter, EventKey, NewPost, Priority, StoreError, StoreErrorKind, Ticket,
};
use rusqlite::{Connection, OptionalExtension, params};

use super::leases::{Entry, Leases, Recording};
use crate::file::{Batch, Failed, File, Room};

/// The state of a post in `atoms_post`, as it is inserted. Other statements have it as a literal: SQLite would prepare them
/// anew each time, to see whether an index on some of the rows is of use.
mod state {
    pub(super) const DELAYED: i64 = 0;
    pub(super) const READY: i64 = 1;
    pub(super) const WAITS_FOR_KEY: i64 = 2;
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
    name: Option<DelayName>,
    /// How often it was taken.
    times: u64,
    handlers: Vec<String>,
    frame: Vec<u8>,
}

/// A posted event that is not due.
pub(super) struct DelayedRow {
    pub(super) number: u64,
    pub(super) due: i64,
    pub(super) name: Option<DelayName>,
    pub(super) frame: Vec<u8>,
}

/// A posted event that is ready.
pub(super) struct FoundRow {
    pub(super) entry: Entry,
    pub(super) priority: Priority,
    /// How often it was taken, as far as that is written down.
    pub(super) times: u64,
    pub(super) handlers: Vec<String>,
    pub(super) frame: Vec<u8>,
}

impl NewRow {
    pub(crate) fn of(post: NewPost, file: &File) -> Result<Self, StoreError> {
        let (bytes, event) = (post.size(), post.event);
        Ok(Self {
            event: event.id().to_string(),
            r#type: event.event_type().to_owned(),
            key: event.key(),
            priority: post.priority,
            room: BacklogRoom::of(post.priority, post.due),
            bytes,
            due: post.due.map(|due| due.unix_micros()),
            name: post.name,
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
        let (key, due, name) = (None, None, None);
        Self { event, r#type, key, priority, room, bytes, due, name, times: 1, handlers, frame }
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
pub(crate) fn insert(batch: &Batch<'_>, row: &NewRow) -> Result<u64, Failed> {
    let number = batch.next_place()?;
    let key = row.key.as_ref().map(EventKey::as_bytes);
    let (place, state) = match row.due {
        Some(_) => (None, state::DELAYED),
        None => (Some(number), admitted(batch, key)?),
    };
    let sql =
        "INSERT INTO atoms_post (number, event, type, key, priority, room, bytes, due, place, state, times, name, about)
               VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (event) DO NOTHING";
    let room = Room::from(row.room);
    let priority = row.priority as i64;
    let (name, about) = (row.name.as_ref().map(DelayName::name), row.name.as_ref().map(DelayName::key));
    let inserted = batch.prepare_cached(sql)?.execute(params![
        number, row.event, row.r#type, key, priority, room.0, row.bytes, row.due, place, state, row.times,
        name, about
    ])?;
    if inserted == 0 {
        return number_of(batch, &row.event)?.ok_or_else(|| rusqlite::Error::QueryReturnedNoRows.into());
    }
    let mut frame = batch.prepare_cached("INSERT INTO atoms_frame (post, frame) VALUES (?, ?)")?;
    frame.execute(params![number, row.frame])?;
    let sql = "INSERT INTO atoms_delivery (post, place, handler) VALUES (?, ?, ?)";
    let mut delivery = batch.prepare_cached(sql)?;
    for (place, handler) in row.handlers.iter().enumerate() {
        delivery.execute(params![number, place, handler])?;
    }
    if state == state::READY {
        batch.set_ready();
    }
    batch.add(room, row.bytes)?;
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
pub(crate) fn admit_due(batch: &Batch<'_>, now: i64) -> Result<(), Failed> {
    let sql = "SELECT number, key FROM atoms_post WHERE state = 0 AND due <= ? ORDER BY due, number LIMIT ?";
    let mut statement = batch.prepare_cached(sql)?;
    let due = statement.query_map(params![now, ADMITTED], |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, Option<Vec<u8>>>(1)?))
    })?;
    let due: Vec<_> = due.collect::<Result<_, _>>()?;
    let sql = "UPDATE atoms_post SET place = ?, state = ? WHERE number = ?";
    let mut admit = batch.prepare_cached(sql)?;
    for (number, key) in due {
        let state = admitted(batch, key.as_deref())?;
        admit.execute(params![batch.next_place()?, state, number])?;
        batch.set_ready();
    }
    Ok(())
}

/// The first events that are ready, of those that may be taken, by their priorities and then in the order of admission.
pub(super) fn ready(
    connection: &Connection,
    limit: usize,
    may_take: impl Fn(u64) -> bool,
) -> Result<Vec<u64>, Failed> {
    let sql = "SELECT number FROM atoms_post WHERE state = 1 ORDER BY priority DESC, place";
    let mut statement = connection.prepare_cached(sql)?;
    let (mut rows, mut numbers) = (statement.query([])?, Vec::new());
    while numbers.len() < limit
        && let Some(row) = rows.next()?
    {
        numbers.extend(Some(row.get(0)?).filter(|number| may_take(*number)));
    }
    Ok(numbers)
}

/// Reads a posted event.
pub(super) fn find(connection: &Connection, number: u64) -> Result<FoundRow, Failed> {
    let sql = "SELECT handler FROM atoms_delivery WHERE post = ? ORDER BY place";
    let mut statement = connection.prepare_cached(sql)?;
    let handlers = statement.query_map([number], |row| row.get(0))?.collect::<Result<_, _>>()?;
    let sql = "SELECT key, room, bytes, priority, times, frame
               FROM atoms_post JOIN atoms_frame ON post = number WHERE number = ?";
    let mut statement = connection.prepare_cached(sql)?;
    Ok(statement.query_row([number], |row| {
        let priority = match row.get(3)? {
            0_u8 => Priority::Background,
            2 => Priority::High,
            _ => Priority::Normal,
        };
        let entry = Entry { number, key: row.get(0)?, room: Room(row.get(1)?), bytes: row.get(2)? };
        Ok(FoundRow { entry, priority, times: row.get(4)?, handlers, frame: row.get(5)? })
    })?)
}

/// Records that handlers are done with an event. Fails if the ticket is not valid any more.
pub(super) fn acknowledge(
    batch: &Batch<'_>,
    leases: &Arc<Leases>,
    ticket: Ticket,
    handlers: &[String],
) -> Result<Recording, Failed> {
    let lost = || StoreError::new(StoreErrorKind::Lost, "it was given back, or is done");
    let mut recording = leases.record(ticket, handlers).ok_or_else(lost)?;
    if !recording.is_last {
        let sql = "DELETE FROM atoms_delivery WHERE post = ? AND handler = ?";
        let mut delivery = batch.prepare_cached(sql)?;
        for handler in handlers {
            delivery.execute(params![ticket.id, handler])?;
        }
        let sql = "SELECT EXISTS (SELECT 1 FROM atoms_delivery WHERE post = ?)";
        let mut statement = batch.prepare_cached(sql)?;
        recording.is_last = !statement.query_row([ticket.id], |row| row.get::<_, bool>(0))?;
    }
    if !recording.is_last {
        set_times(batch, ticket)?;
        return Ok(recording);
    }
    if !remove(batch, &recording.entry)? {
        return Err(lost().into());
    }
    free(batch, recording.entry.key.as_deref())?;
    Ok(recording)
}

/// Writes down how often an event was taken.
pub(super) fn set_times(connection: &Connection, ticket: Ticket) -> Result<(), Failed> {
    let sql = "UPDATE atoms_post SET times = ? WHERE number = ?";
    connection.prepare_cached(sql)?.execute(params![ticket.times, ticket.id])?;
    Ok(())
}

/// Removes an event. Returns whether it was there.
fn remove(batch: &Batch<'_>, entry: &Entry) -> Result<bool, Failed> {
    let remove = |sql| Ok::<_, Failed>(batch.prepare_cached(sql)?.execute([entry.number])? > 0);
    if !remove("DELETE FROM atoms_post WHERE number = ?")? {
        return Ok(false);
    }
    remove("DELETE FROM atoms_frame WHERE post = ?")?;
    remove("DELETE FROM atoms_delivery WHERE post = ?")?;
    batch.remove(entry.room, entry.bytes)?;
    Ok(true)
}

/// Makes the next event of a key ready, after the first one has gone.
fn free(batch: &Batch<'_>, key: Option<&[u8]>) -> Result<(), Failed> {
    let Some(key) = key else { return Ok(()) };
    let sql = "UPDATE atoms_post SET state = 1 WHERE state = 2 AND number =
               (SELECT number FROM atoms_post WHERE key = ?1 AND place IS NOT NULL ORDER BY place LIMIT 1)";
    if batch.prepare_cached(sql)?.execute([key])? > 0 {
        batch.set_ready();
    }
    Ok(())
}

/// Marks an event that cannot be read. It loses its key, so that no other event waits for it.
pub(super) fn set_unreadable(
    batch: &Batch<'_>,
    leases: &Arc<Leases>,
    ticket: Ticket,
) -> Result<Option<Recording>, Failed> {
    let Some(mut recording) = leases.record(ticket, &[]) else { return Ok(None) };
    recording.is_last = true;
    let sql = "UPDATE atoms_post SET state = 4, key = NULL WHERE number = ?";
    batch.prepare_cached(sql)?.execute([ticket.id])?;
    free(batch, recording.entry.key.as_deref())?;
    Ok(Some(recording))
}

/// Removes an event that is not due. Returns whether there was one.
pub(crate) fn cancel(batch: &Batch<'_>, event: &str, now: i64) -> Result<bool, Failed> {
    let sql = "SELECT number, room, bytes FROM atoms_post WHERE event = ? AND state = 0 AND due > ?";
    let mut statement = batch.prepare_cached(sql)?;
    let entry = statement.query_row(params![event, now], |row| {
        Ok(Entry { number: row.get(0)?, key: None, room: Room(row.get(1)?), bytes: row.get(2)? })
    });
    entry.optional()?.map_or(Ok(false), |entry| remove(batch, &entry))
}

/// The first events that are not due, of those that the filter selects.
pub(super) fn delayed(
    connection: &Connection,
    filter: &DelayedFilter,
    now: i64,
    limit: usize,
) -> Result<Vec<DelayedRow>, Failed> {
    let of_name = if filter.name.is_some() { "name = ?1" } else { "?1 IS NULL" };
    let of_key = if filter.key.is_some() { "about = ?2" } else { "?2 IS NULL" };
    let sql = format!(
        "SELECT number, due, name, about, frame FROM atoms_post JOIN atoms_frame ON post = number
         WHERE state = 0 AND due > ?3 AND {of_name} AND {of_key} ORDER BY due, number LIMIT ?4"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let limit = limit.min(i64::MAX as usize);
    let rows = statement.query_map(params![filter.name, filter.key, now, limit], |row| {
        let name: Option<String> = row.get(2)?;
        let about: Option<String> = row.get(3)?;
        let name = name.map(|name| DelayName::new(name, about.unwrap_or_default()));
        Ok(DelayedRow { number: row.get(0)?, due: row.get(1)?, name, frame: row.get(4)? })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Whether there is an event with this id that is not due.
pub(crate) fn is_pending(connection: &Connection, event: &str, now: i64) -> Result<bool, Failed> {
    let sql = "SELECT EXISTS (SELECT 1 FROM atoms_post WHERE event = ? AND state = 0 AND due > ?)";
    let mut statement = connection.prepare_cached(sql)?;
    Ok(statement.query_row(params![event, now], |row| row.get(0))?)
}

/// How many events are not done.
pub(crate) fn count(connection: &Connection) -> Result<usize, Failed> {
    let mut statement = connection.prepare_cached("SELECT sum(number) FROM atoms_load WHERE room < 4")?;
    Ok(statement.query_row([], |row| row.get(0))?)
}
