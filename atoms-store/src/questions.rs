//! Questions in the file.

use std::sync::Arc;

use atoms_control::{End, Ending, Opening, Question, QuestionFilter, QuestionId, QuestionStore};
use atoms_runtime::{EventId, NewPost, StoreError, StoreFuture, StoredEvents};
use rusqlite::types::ToSql;
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::backlog::{NewRow, check_room, insert_all, size};
use crate::file::{Batch, Durability, Failed, File, Limits, Room, load, next, unreadable};

/// Keeps questions in the file of a [`Sqlite`](crate::Sqlite), and posts the events that tell of them in its backlog.
#[derive(Debug)]
pub(crate) struct Asked {
    file: Arc<File>,
    limits: Limits,
    post_limits: Limits,
}

/// A question as a row. The events that are posted with its answer are separate frames.
struct QuestionRow {
    question: Question,
    frames: Vec<u8>,
}

impl QuestionRow {
    fn of(row: &Row<'_>) -> Result<Self, Failed> {
        let json: String = row.get(0)?;
        let question = serde_json::from_str(&json).map_err(unreadable)?;
        Ok(Self { question, frames: row.get(1)? })
    }

    fn one(connection: &Connection, terms: &str, value: &dyn ToSql) -> Result<Option<Self>, Failed> {
        let sql = format!("SELECT json, frames FROM atoms_question WHERE {terms}");
        let mut statement = connection.prepare_cached(&sql)?;
        let mut rows = statement.query([value])?;
        rows.next()?.map(Self::of).transpose()
    }

    fn by_id(connection: &Connection, id: QuestionId) -> Result<Option<Self>, Failed> {
        Self::one(connection, "id = ?", &id.to_string())
    }
}

/// Joins frames, each with its length before it.
fn join(frames: impl IntoIterator<Item = Vec<u8>>) -> Vec<u8> {
    let mut joined = Vec::new();
    for frame in frames {
        joined.extend_from_slice(&(frame.len() as u64).to_le_bytes());
        joined.extend_from_slice(&frame);
    }
    joined
}

/// Splits the first frame off. Returns `None` if it is truncated.
fn split_first(joined: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = joined.split_first_chunk()?;
    rest.split_at_checked(usize::try_from(u64::from_le_bytes(*length)).ok()?)
}

impl Asked {
    pub(crate) fn new(file: Arc<File>, limits: Limits, post_limits: Limits) -> Self {
        Self { file, limits, post_limits }
    }

    fn read(&self, row: QuestionRow) -> Result<Arc<Question>, StoreError> {
        let QuestionRow { mut question, frames } = row;
        let mut rest = &*frames;
        while !rest.is_empty() {
            let (frame, others) = split_first(rest).ok_or_else(|| unreadable("what follows is cut off"))?;
            question.then.push(self.file.read_event(frame)?);
            rest = others;
        }
        Ok(Arc::new(question))
    }

    async fn read_one(
        &self,
        find: impl FnMut(&Connection) -> Result<Option<QuestionRow>, Failed> + Send + 'static,
    ) -> Result<Option<Arc<Question>>, StoreError> {
        self.file.read(find).await?.map(|row| self.read(row)).transpose()
    }

    async fn read_all(
        &self,
        find: impl FnMut(&Connection) -> Result<Vec<QuestionRow>, Failed> + Send + 'static,
    ) -> Result<Vec<Arc<Question>>, StoreError> {
        self.file.read(find).await?.into_iter().map(|row| self.read(row)).collect()
    }
}

/// A question that will be opened.
struct NewQuestion {
    id: QuestionId,
    name: Option<String>,
    deadline: Option<i64>,
    bytes: usize,
    json: String,
    frames: Vec<u8>,
}

impl NewQuestion {
    fn of(question: &Question, file: &File) -> Result<Self, StoreError> {
        let frames: Vec<_> =
            question.then.iter().map(|event| file.write_event(event)).collect::<Result<_, _>>()?;
        Ok(Self {
            id: question.id,
            name: question.name.clone(),
            deadline: question.deadline.map(|deadline| deadline.unix_micros()),
            bytes: question.size(),
            json: serde_json::to_string(question).map_err(unreadable)?,
            frames: join(frames),
        })
    }

    fn open(&self, connection: &Connection, limits: Limits) -> Result<Opening, Failed> {
        let id = self.id.to_string();
        let known = "SELECT EXISTS (SELECT 1 FROM atoms_question WHERE id = ?)";
        if connection.prepare_cached(known)?.query_row([&id], |row| row.get(0))? {
            return Ok(Opening::Known);
        }
        if let Some(other) = self.name.as_deref().map(|name| named(connection, name)).transpose()?.flatten() {
            return Ok(Opening::NameTaken(other));
        }
        if !limits.has_room(load(connection, Room::OPEN_QUESTIONS)?, self.bytes) {
            return Err(limits.full());
        }
        let sql =
            "INSERT INTO atoms_question (id, name, deadline, bytes, json, frames) VALUES (?, ?, ?, ?, ?, ?)";
        let mut statement = connection.prepare_cached(sql)?;
        statement.execute(params![id, self.name, self.deadline, self.bytes, self.json, self.frames])?;
        Ok(Opening::Opened)
    }
}

/// The open question of this name.
fn named(connection: &Connection, name: &str) -> Result<Option<QuestionId>, Failed> {
    let sql = "SELECT id FROM atoms_question WHERE name = ? AND ended IS NULL";
    let id = connection.prepare_cached(sql)?.query_row([name], |row| row.get::<_, String>(0)).optional()?;
    Ok(id.map(|id| id.parse()).transpose().map_err(unreadable)?)
}

/// The outcome of ending a question, with its row.
enum Ended {
    Now(QuestionRow),
    Before(QuestionRow),
    Unknown,
}

fn end(connection: &Connection, id: QuestionId, end: &End, limits: Limits) -> Result<Ended, Failed> {
    let Some(row) = QuestionRow::by_id(connection, id)? else { return Ok(Ended::Unknown) };
    if !row.question.is_open() {
        return Ok(Ended::Before(row));
    }
    let question = row.question.with_end(end.clone());
    let more = question.size().saturating_sub(row.question.size());
    let json = serde_json::to_string(&question).map_err(unreadable)?;
    let sql = "UPDATE atoms_question SET ended = ?, bytes = bytes + ?, json = ? WHERE id = ?";
    connection.prepare_cached(sql)?.execute(params![
        next(connection, "ended")?,
        more,
        json,
        id.to_string()
    ])?;
    while limits.is_exceeded(load(connection, Room::ENDED_QUESTIONS)?) {
        let sql = "DELETE FROM atoms_question WHERE ended = (SELECT min(ended) FROM atoms_question)";
        connection.prepare_cached(sql)?.execute([])?;
    }
    Ok(Ended::Now(QuestionRow { question, ..row }))
}

fn list(
    connection: &Connection,
    filter: &QuestionFilter,
    above: Option<QuestionId>,
    limit: usize,
) -> Result<Vec<QuestionRow>, Failed> {
    let sql = "SELECT json, frames FROM atoms_question WHERE ended IS NULL AND id > ? ORDER BY id";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([above.map(|id| id.to_string()).unwrap_or_default()])?;
    let mut found = Vec::new();
    while found.len() < limit
        && let Some(row) = rows.next()?
    {
        let row = QuestionRow::of(row)?;
        if filter.matches(&row.question) {
            found.push(row);
        }
    }
    Ok(found)
}

fn next_deadlines(connection: &Connection, limit: usize) -> Result<Vec<QuestionRow>, Failed> {
    let sql = "SELECT json, frames FROM atoms_question WHERE ended IS NULL AND deadline IS NOT NULL
               ORDER BY deadline, id LIMIT ?";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([limit.min(i64::MAX as usize)])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(QuestionRow::of(row)?);
    }
    Ok(found)
}

impl QuestionStore for Asked {
    fn start(&self, events: StoredEvents) {
        self.file.start(events);
    }

    fn open(&self, question: Arc<Question>, posts: Vec<NewPost>) -> StoreFuture<'_, Opening> {
        Box::pin(async move {
            let (limits, post_limits) = (self.limits, self.post_limits);
            let question = NewQuestion::of(&question, &self.file)?;
            let posts = NewRow::all(posts, &self.file)?;
            let bytes = question.json.len() + question.frames.len() + size(&posts);
            let open = move |batch: &Batch<'_>| {
                check_room(batch, post_limits, &posts)?;
                let opening = question.open(batch, limits)?;
                if opening == Opening::Opened {
                    insert_all(batch, &posts)?;
                }
                Ok(opening)
            };
            self.file.write(Durability::Disk, bytes, open).await
        })
    }

    fn end(&self, id: QuestionId, how: End, posts: Vec<NewPost>) -> StoreFuture<'_, Ending> {
        Box::pin(async move {
            let limits = self.limits;
            let posts = NewRow::all(posts, &self.file)?;
            let bytes = size(&posts);
            let end = move |batch: &Batch<'_>| {
                let ended = end(batch, id, &how, limits)?;
                if let Ended::Now(_) = ended {
                    insert_all(batch, &posts)?;
                }
                Ok(ended)
            };
            Ok(match self.file.write(Durability::Disk, bytes, end).await? {
                Ended::Now(row) => Ending::Ended(self.read(row)?),
                Ended::Before(row) => Ending::Before(self.read(row)?),
                Ended::Unknown => Ending::Unknown,
            })
        })
    }

    fn get(&self, id: QuestionId) -> StoreFuture<'_, Option<Arc<Question>>> {
        Box::pin(self.read_one(move |connection| QuestionRow::by_id(connection, id)))
    }

    fn find(&self, name: String) -> StoreFuture<'_, Option<Arc<Question>>> {
        let terms = "name = ? AND ended IS NULL";
        Box::pin(self.read_one(move |connection| QuestionRow::one(connection, terms, &name)))
    }

    fn list(
        &self,
        filter: QuestionFilter,
        above: Option<QuestionId>,
        limit: usize,
    ) -> StoreFuture<'_, Vec<Arc<Question>>> {
        Box::pin(self.read_all(move |connection| list(connection, &filter, above, limit)))
    }

    fn next_deadlines(&self, limit: usize) -> StoreFuture<'_, Vec<Arc<Question>>> {
        Box::pin(self.read_all(move |connection| next_deadlines(connection, limit)))
    }

    /// There are none, since events are posted in the commit that they belong to.
    fn unposted(&self, _: usize) -> StoreFuture<'_, Vec<NewPost>> {
        Box::pin(std::future::ready(Ok(Vec::new())))
    }

    fn posted(&self, _: Vec<EventId>) -> StoreFuture<'_, ()> {
        Box::pin(std::future::ready(Ok(())))
    }

    fn count(&self) -> StoreFuture<'_, usize> {
        Box::pin(self.file.read(|connection| Ok(load(connection, Room::OPEN_QUESTIONS)?.number)))
    }
}
