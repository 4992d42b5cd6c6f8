//! The inbox: which handlers are done with which events.

use rusqlite::{Connection, params};

use crate::file::{Failed, next};

/// Whether a handler is done with an event.
pub(super) fn has(connection: &Connection, handler: &str, event: &str) -> Result<bool, Failed> {
    let sql = "SELECT EXISTS (SELECT 1 FROM atoms_inbox WHERE handler = ? AND event = ?)";
    Ok(connection.prepare_cached(sql)?.query_row([handler, event], |row| row.get(0))?)
}

/// Records that a handler is done with an event, and forgets all but the last `kept` records.
pub(super) fn add(connection: &Connection, handler: &str, event: &str, kept: usize) -> Result<(), Failed> {
    let number = next(connection, "inbox")?;
    let sql = "INSERT INTO atoms_inbox (number, handler, event) VALUES (?, ?, ?)";
    connection.prepare_cached(sql)?.execute(params![number, handler, event])?;
    let last = number.saturating_sub(kept.try_into().unwrap_or(i64::MAX));
    connection.prepare_cached("DELETE FROM atoms_inbox WHERE number <= ?")?.execute([last])?;
    Ok(())
}
