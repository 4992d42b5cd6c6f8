//! Access to a store from outside of the program that has it.

use std::fmt;
use std::path::Path;

use atoms_control::Question;
use atoms_runtime::{DeadLetterCause, LetterRecipient, StoreError, Timestamp};
use rusqlite::{Connection, OptionalExtension, TransactionBehavior};

use crate::backlog::{NewRow, number_of, post_in};
use crate::file::{Failed, Limits, OpenError, connect_outside, unreadable};

/// The file of a store, opened beside the program that has it, which may run or not. It is for tools that list what waits,
/// and that redeliver or discard dead letters.
///
/// ```
/// use atoms::store::{Outside, Sqlite};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let directory = tempfile::tempdir()?;
/// # let path = directory.path().join("shop.db");
/// # let _store = Sqlite::open(&path)?;
/// let mut store = Outside::open(&path)?;
/// for letter in store.letters(100)? {
///     println!("{}: `{}`: {}", letter.number, letter.event_type, letter.cause);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Outside {
    connection: Connection,
}

/// A posted event that is not done.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct OutsidePost {
    /// Its number.
    pub number: u64,
    /// Its type.
    pub event_type: String,
    /// The id of the event.
    pub event: String,
    /// When it is due, if it was delayed.
    pub due: Option<Timestamp>,
    /// How often it was taken, as far as that is in the file: see [the crate's documentation](crate#who-has-an-event).
    pub times: u64,
    /// The identities of the handlers that are not done with it.
    pub handlers: Vec<String>,
}

/// A dead letter.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct OutsideLetter {
    /// Its number.
    pub number: u64,
    /// The type of its event.
    pub event_type: String,
    /// The id of its event.
    pub event: String,
    /// When it was given up.
    pub at: Timestamp,
    /// Why.
    pub cause: DeadLetterCause,
}

/// Why a dead letter was not redelivered.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum OutsideError {
    /// There is no dead letter with this number.
    #[error("there is no dead letter {0}")]
    NotFound(u64),
    /// Its event was not delivered to a handler, so there is none to call.
    #[error(
        "dead letter {0} has no handler that could be called again: discard it, or post its event in the program"
    )]
    NoHandler(u64),
    /// Other handlers are not done with its event.
    #[error("other handlers are not done with the event of dead letter {0}: try again when they are")]
    UnderWay(u64),
    /// The file could not be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Shows the same as `Display`, since `Debug` prints what `main` returns.
impl fmt::Debug for OutsideError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<Failed> for OutsideError {
    fn from(failed: Failed) -> Self {
        Self::Store(failed.into())
    }
}

/// Redelivery needs no room, since the letter has it already.
const NO_LIMITS: Limits = Limits { number: usize::MAX, bytes: usize::MAX };

impl Outside {
    /// Opens the file of a store. Fails if there is none, or if it has another version of the schema.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, OpenError> {
        Ok(Self { connection: connect_outside(path.as_ref())? })
    }

    /// Returns the first posted events that are not done, by their numbers.
    pub fn posts(&self, limit: usize) -> Result<Vec<OutsidePost>, StoreError> {
        Ok(posts(&self.connection, limit)?)
    }

    /// Returns the first dead letters, by their numbers.
    pub fn letters(&self, limit: usize) -> Result<Vec<OutsideLetter>, StoreError> {
        Ok(letters(&self.connection, limit)?)
    }

    /// Returns the first open questions, by their ids, without what is posted with their answers.
    pub fn questions(&self, limit: usize) -> Result<Vec<Question>, StoreError> {
        Ok(questions(&self.connection, limit)?)
    }

    /// Posts the event of a dead letter for its handler. The program calls the handler within 100 ms, or when it next runs.
    ///
    /// The letter stays until the handler is done with the event, and is removed in the commit that records that. If the handler
    /// fails again, the letter keeps its number and has all attempts, as in
    /// [`DeadLetters::redeliver`](atoms_runtime::DeadLetters::redeliver). Fails if its event is being delivered.
    pub fn redeliver(&mut self, letter: u64) -> Result<(), OutsideError> {
        let behavior = TransactionBehavior::Immediate;
        let transaction = self.connection.transaction_with_behavior(behavior).map_err(Failed::from)?;
        redeliver(&transaction, letter)?;
        transaction.commit().map_err(Failed::from)?;
        Ok(())
    }

    /// Discards a dead letter. Returns whether there was one.
    pub fn discard(&mut self, letter: u64) -> Result<bool, StoreError> {
        let discarded = self.connection.execute("DELETE FROM atoms_letter WHERE number = ?", [letter]);
        Ok(discarded.map_err(Failed::from)? > 0)
    }
}

fn posts(connection: &Connection, limit: usize) -> Result<Vec<OutsidePost>, Failed> {
    let sql = "SELECT number, type, event, due, times FROM atoms_post ORDER BY number LIMIT ?";
    let mut statement = connection.prepare(sql)?;
    let mut handlers =
        connection.prepare("SELECT handler FROM atoms_delivery WHERE post = ? ORDER BY place")?;
    let mut rows = statement.query([limit.min(i64::MAX as usize)])?;
    let mut posts = Vec::new();
    while let Some(row) = rows.next()? {
        let number: u64 = row.get(0)?;
        posts.push(OutsidePost {
            number,
            event_type: row.get(1)?,
            event: row.get(2)?,
            due: row.get::<_, Option<i64>>(3)?.map(Timestamp::from_unix_micros),
            times: row.get(4)?,
            handlers: handlers.query_map([number], |row| row.get(0))?.collect::<Result<_, _>>()?,
        });
    }
    Ok(posts)
}

fn letters(connection: &Connection, limit: usize) -> Result<Vec<OutsideLetter>, Failed> {
    let sql = "SELECT number, type, event, at, cause FROM atoms_letter ORDER BY number LIMIT ?";
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([limit.min(i64::MAX as usize)])?;
    let mut letters = Vec::new();
    while let Some(row) = rows.next()? {
        letters.push(OutsideLetter {
            number: row.get(0)?,
            event_type: row.get(1)?,
            event: row.get(2)?,
            at: Timestamp::from_unix_micros(row.get(3)?),
            cause: serde_json::from_str(&row.get::<_, String>(4)?).map_err(unreadable)?,
        });
    }
    Ok(letters)
}

fn questions(connection: &Connection, limit: usize) -> Result<Vec<Question>, Failed> {
    let sql = "SELECT json FROM atoms_question WHERE ended IS NULL ORDER BY id LIMIT ?";
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([limit.min(i64::MAX as usize)])?;
    let mut questions = Vec::new();
    while let Some(row) = rows.next()? {
        questions.push(serde_json::from_str(&row.get::<_, String>(0)?).map_err(unreadable)?);
    }
    Ok(questions)
}

fn redeliver(connection: &Connection, letter: u64) -> Result<(), OutsideError> {
    let sql = "SELECT event, type, bytes, cause, frame FROM atoms_letter WHERE number = ?";
    let found = connection.query_row(sql, [letter], |row| {
        let cause: String = row.get(3)?;
        Ok((row.get(0)?, row.get(1)?, row.get(2)?, cause, row.get(4)?))
    });
    let found = found.optional().map_err(Failed::from)?.ok_or(OutsideError::NotFound(letter))?;
    let (event, event_type, bytes, cause, frame): (String, _, _, String, _) = found;
    let cause: DeadLetterCause = serde_json::from_str(&cause).map_err(unreadable)?;
    let DeadLetterCause::Failed { recipient: LetterRecipient::Handler(handler), .. } = cause else {
        return Err(OutsideError::NoHandler(letter));
    };
    if number_of(connection, &event)?.is_some() {
        return Err(OutsideError::UnderWay(letter));
    }
    let row = NewRow::redelivered(event, event_type, bytes, handler, frame);
    post_in(connection, NO_LIMITS, &row)?;
    Ok(())
}
