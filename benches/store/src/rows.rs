//! The same rows, written with rusqlite alone, by one thread, in batches.

use std::path::Path;

use atoms::store::rusqlite::{self, Connection, params};

/// The tables of the store that a posted event is in, with their indexes, and without what counts them.
const TABLES: &str = "
    CREATE TABLE post (
        number INTEGER PRIMARY KEY, event TEXT NOT NULL UNIQUE, type TEXT NOT NULL, key BLOB,
        priority INTEGER NOT NULL, room INTEGER NOT NULL, bytes INTEGER NOT NULL, due INTEGER, place INTEGER,
        state INTEGER NOT NULL, times INTEGER NOT NULL DEFAULT 0
    );
    CREATE INDEX post_due ON post (due, number) WHERE state = 0;
    CREATE INDEX post_line ON post (priority DESC, place) WHERE state = 1;
    CREATE INDEX post_key ON post (key, place) WHERE key IS NOT NULL AND place IS NOT NULL;
    CREATE INDEX post_begun ON post (state) WHERE state > 2;
    CREATE TABLE frame (post INTEGER PRIMARY KEY, frame BLOB NOT NULL);
    CREATE TABLE delivery (
        post INTEGER NOT NULL, place INTEGER NOT NULL, handler TEXT NOT NULL, PRIMARY KEY (post, place)
    ) WITHOUT ROWID;";

/// An event as it is stored.
pub(crate) struct Stored {
    pub(crate) event: String,
    pub(crate) frame: Vec<u8>,
}

/// A file with these tables.
pub(crate) struct Rows(Connection);

impl Rows {
    pub(crate) fn open(file: &Path) -> rusqlite::Result<Self> {
        let connection = Connection::open(file)?;
        connection.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()))?;
        connection.pragma_update(None, "synchronous", "full")?;
        connection.execute_batch(TABLES)?;
        Ok(Self(connection))
    }

    /// Inserts the rows of each batch in one commit, and deletes them in another one, as a queue has to: what was not
    /// committed before it is handled is lost, and what is not deleted after it is handled again.
    pub(crate) fn write(&mut self, events: &[Stored], batch: usize) -> rusqlite::Result<()> {
        let mut number = 0_i64;
        for batch in events.chunks(batch) {
            let first = number + 1;
            let transaction = self.0.transaction()?;
            for event in batch {
                number += 1;
                insert(&transaction, number, event)?;
            }
            transaction.commit()?;
            let transaction = self.0.transaction()?;
            (first..=number).try_for_each(|number| delete(&transaction, number))?;
            transaction.commit()?;
        }
        Ok(())
    }
}

fn insert(connection: &Connection, number: i64, event: &Stored) -> rusqlite::Result<()> {
    let sql = "INSERT INTO post (number, event, type, priority, room, bytes, place, state)
               VALUES (?1, ?2, 'bench.order.placed', 1, 1, ?3, ?1, 1)";
    connection.prepare_cached(sql)?.execute(params![number, event.event, event.frame.len()])?;
    connection.prepare_cached("INSERT INTO frame VALUES (?, ?)")?.execute(params![number, event.frame])?;
    let sql = "INSERT INTO delivery VALUES (?, 0, 'bench.place')";
    connection.prepare_cached(sql)?.execute([number])?;
    Ok(())
}

fn delete(connection: &Connection, number: i64) -> rusqlite::Result<()> {
    for sql in [
        "DELETE FROM post WHERE number = ?",
        "DELETE FROM frame WHERE post = ?",
        "DELETE FROM delivery WHERE post = ?",
    ] {
        connection.prepare_cached(sql)?.execute([number])?;
    }
    Ok(())
}
