//! Connections to the file, and its schema.

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use super::failed::OpenError;

/// The statements that bring the schema from each version to the next.
const MIGRATIONS: &[&str] = &[
    include_str!("schema.sql"),
    include_str!("schema_2.sql"),
    include_str!("schema_3.sql"),
    include_str!("schema_4.sql"),
    include_str!("schema_5.sql"),
];

/// How long to wait for a transaction of another connection.
const BUSY: Duration = Duration::from_secs(5);

/// The size to which the write-ahead log is truncated.
const LOG_BYTES: u32 = 64 * 1024 * 1024;

/// The use of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    Write,
    Read,
}

/// Opens a connection. A file that is opened to read has the schema already.
pub(crate) fn connect(path: &Path, access: Access) -> rusqlite::Result<Connection> {
    let mut flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    flags.set(OpenFlags::SQLITE_OPEN_CREATE, access == Access::Write);
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY)?;
    connection.set_prepared_statement_cache_capacity(64);
    // The triggers need no functions that an application has added.
    connection.pragma_update(None, "trusted_schema", false)?;
    if access == Access::Read {
        connection.pragma_update(None, "query_only", true)?;
        // Or SQLite would prepare a statement anew each time, to look at the parameters.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    }
    Ok(connection)
}

/// Opens the file to write, and brings its schema to this version.
pub(crate) fn open(path: &Path, max_bytes: Option<u64>) -> Result<Connection, OpenError> {
    let failed = |error| OpenError::of(path, error);
    let mut connection = connect(path, Access::Write).map_err(failed)?;
    if connection.is_readonly("main").map_err(failed)? {
        return Err(OpenError::ReadOnly { path: path.to_owned() });
    }
    // Nothing is written before the version of the schema is checked.
    let found = version(&connection).map_err(failed)?;
    let known = MIGRATIONS.len() as u32;
    if found > known {
        return Err(OpenError::NewerSchema { path: path.to_owned(), found, known });
    }
    let mode = connection.pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0));
    let mode: String = mode.map_err(failed)?;
    if mode != "wal" {
        return Err(OpenError::NoLog { path: path.to_owned(), mode });
    }
    set_up(&mut connection, max_bytes).map_err(failed)?;
    Ok(connection)
}

/// Opens the file of a store with this version of the schema, beside the program that has it.
pub(crate) fn connect_outside(path: &Path) -> Result<Connection, OpenError> {
    let failed = |error| OpenError::of(path, error);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(failed)?;
    connection.busy_timeout(BUSY).map_err(failed)?;
    match (version(&connection).map_err(failed)?, MIGRATIONS.len() as u32) {
        (found, known) if found > known => {
            Err(OpenError::NewerSchema { path: path.to_owned(), found, known })
        }
        (found, known) if found < known => {
            Err(OpenError::OlderSchema { path: path.to_owned(), found, known })
        }
        _ => Ok(connection),
    }
}

fn set_up(connection: &mut Connection, max_bytes: Option<u64>) -> rusqlite::Result<()> {
    connection.pragma_update(None, "synchronous", "full")?;
    connection.pragma_update_and_check(None, "journal_size_limit", LOG_BYTES, |_| Ok(()))?;
    if let Some(bytes) = max_bytes {
        let page: u64 = connection.pragma_query_value(None, "page_size", |row| row.get(0))?;
        let pages = bytes.div_ceil(page).min(u32::MAX.into());
        connection.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))?;
    }
    // Somebody may be reading it.
    let _is_empty = empty_log(connection)?;
    migrate(connection)
}

/// Writes all that is in the log to the database, and begins a new log; whether nobody reads the old one.
///
/// When a disk has failed to sync, the system takes for written what it had not written, and the next sync succeeds. What
/// is committed after such a gap in the log would be lost with the power.
pub(crate) fn empty_log(connection: &Connection) -> rusqlite::Result<bool> {
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| Ok(!row.get::<_, bool>(0)?))
}

/// Brings the schema to this version, and gives back the events that an earlier process had taken, in one transaction.
fn migrate(connection: &mut Connection) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found = version(&transaction)?;
    for migration in &MIGRATIONS[found as usize..] {
        transaction.execute_batch(migration)?;
    }
    transaction.execute_batch("CREATE TABLE IF NOT EXISTS atoms_schema (version INTEGER NOT NULL)")?;
    transaction.execute("DELETE FROM atoms_schema", [])?;
    transaction.execute("INSERT INTO atoms_schema VALUES (?)", [MIGRATIONS.len()])?;
    transaction.execute("UPDATE atoms_post SET state = 1 WHERE state > 2", [])?;
    transaction.commit()
}

/// The version of the schema, or 0 if there is none. The file's `user_version` is left to the user.
fn version(connection: &Connection) -> rusqlite::Result<u32> {
    let sql = "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'atoms_schema')";
    if !connection.query_row(sql, [], |row| row.get(0))? {
        return Ok(0);
    }
    connection.query_row("SELECT version FROM atoms_schema", [], |row| row.get(0))
}
