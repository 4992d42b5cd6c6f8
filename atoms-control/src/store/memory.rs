//! Questions in memory.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::future::ready;
use std::ops::Bound;
use std::sync::Arc;

use atoms_runtime::{EventId, NewPost, StoreError, StoreErrorKind, StoreFuture};

use super::{Ending, Opening, QuestionFilter, QuestionStore};
use crate::question::{End, Question, QuestionId};
use crate::sync::Mutex;

/// Keeps questions in memory.
#[derive(Debug)]
pub struct MemoryQuestions {
    capacity: usize,
    bytes: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    open: Kept,
    names: HashMap<String, QuestionId>,
    /// In microseconds since 1970.
    deadlines: BTreeSet<(i64, QuestionId)>,
    ended: Kept,
    /// Those that have ended, by when.
    in_order: VecDeque<QuestionId>,
    outbox: VecDeque<NewPost>,
    outbox_bytes: usize,
}

/// Questions by their ids, and how many bytes each takes.
#[derive(Debug, Default)]
struct Kept {
    questions: BTreeMap<QuestionId, (Arc<Question>, usize)>,
    bytes: usize,
}

impl MemoryQuestions {
    /// Creates a store for this many open questions in this many bytes of memory together, and as many that have ended.
    /// The events that are not posted yet may take as many bytes.
    pub fn new(capacity: usize, bytes: usize) -> Self {
        Self { capacity, bytes, state: Mutex::default() }
    }

    fn opened(&self, question: Arc<Question>, posts: Vec<NewPost>) -> Result<Opening, StoreError> {
        let mut state = self.state.lock();
        if state.get(question.id).is_some() {
            return Ok(Opening::Known);
        }
        if let Some(other) = question.name.as_ref().and_then(|name| state.names.get(name)) {
            return Ok(Opening::NameTaken(*other));
        }
        let size = question.size();
        let (count, bytes) = (state.open.questions.len(), state.open.bytes);
        let is_full = count >= self.capacity || count > 0 && bytes + size > self.bytes;
        if is_full || state.outbox_bytes > self.bytes {
            let what = format!(
                "{count} questions are open, in {bytes} bytes, and {} bytes are to be posted",
                state.outbox_bytes
            );
            return Err(StoreError::new(StoreErrorKind::Full, what));
        }
        if let Some(name) = &question.name {
            state.names.insert(name.clone(), question.id);
        }
        if let Some(deadline) = question.deadline {
            state.deadlines.insert((deadline.unix_micros(), question.id));
        }
        state.open.insert(question, size);
        state.put(posts);
        Ok(Opening::Opened)
    }

    fn ended(&self, id: QuestionId, end: End, posts: Vec<NewPost>) -> Ending {
        let mut state = self.state.lock();
        let Some(open) = state.take_open(id) else {
            return state.ended.get(id).map_or(Ending::Unknown, Ending::Before);
        };
        let ended = Arc::new(open.with_end(end));
        state.ended.insert(Arc::clone(&ended), ended.size());
        state.in_order.push_back(id);
        state.put(posts);
        while state.in_order.len() > self.capacity
            || state.ended.bytes > self.bytes && state.in_order.len() > 1
        {
            let Some(first) = state.in_order.pop_front() else { break };
            state.ended.remove(first);
        }
        Ending::Ended(ended)
    }
}

/// Keeps 10,000 open questions in 64 MiB, and as many that have ended.
impl Default for MemoryQuestions {
    fn default() -> Self {
        Self::new(10_000, 64 * 1024 * 1024)
    }
}

impl Kept {
    fn insert(&mut self, question: Arc<Question>, size: usize) {
        self.bytes += size;
        self.questions.insert(question.id, (question, size));
    }

    fn remove(&mut self, id: QuestionId) -> Option<Arc<Question>> {
        let (question, size) = self.questions.remove(&id)?;
        self.bytes -= size;
        Some(question)
    }

    fn get(&self, id: QuestionId) -> Option<Arc<Question>> {
        self.questions.get(&id).map(|(question, _)| Arc::clone(question))
    }
}

impl State {
    fn get(&self, id: QuestionId) -> Option<Arc<Question>> {
        self.open.get(id).or_else(|| self.ended.get(id))
    }

    fn take_open(&mut self, id: QuestionId) -> Option<Arc<Question>> {
        let question = self.open.remove(id)?;
        if let Some(name) = &question.name {
            self.names.remove(name);
        }
        if let Some(deadline) = question.deadline {
            self.deadlines.remove(&(deadline.unix_micros(), id));
        }
        Some(question)
    }

    fn put(&mut self, posts: Vec<NewPost>) {
        self.outbox_bytes += posts.iter().map(|post| post.event.size()).sum::<usize>();
        self.outbox.extend(posts);
    }

    fn posted(&mut self, events: &[EventId]) {
        for event in events {
            // Mostly the first: they are posted in order.
            let place = self.outbox.iter().position(|post| post.event.id() == event);
            if let Some(posted) = place.and_then(|place| self.outbox.remove(place)) {
                self.outbox_bytes -= posted.event.size();
            }
        }
    }
}

impl QuestionStore for MemoryQuestions {
    fn open(&self, question: Arc<Question>, posts: Vec<NewPost>) -> StoreFuture<'_, Opening> {
        Box::pin(ready(self.opened(question, posts)))
    }

    fn end(&self, id: QuestionId, end: End, posts: Vec<NewPost>) -> StoreFuture<'_, Ending> {
        done(self.ended(id, end, posts))
    }

    fn get(&self, id: QuestionId) -> StoreFuture<'_, Option<Arc<Question>>> {
        done(self.state.lock().get(id))
    }

    fn find(&self, name: String) -> StoreFuture<'_, Option<Arc<Question>>> {
        let state = self.state.lock();
        done(state.names.get(&name).and_then(|id| state.open.get(*id)))
    }

    fn list(
        &self,
        filter: QuestionFilter,
        above: Option<QuestionId>,
        limit: usize,
    ) -> StoreFuture<'_, Vec<Arc<Question>>> {
        let state = self.state.lock();
        let from = above.map_or(Bound::Unbounded, Bound::Excluded);
        let open = state.open.questions.range((from, Bound::Unbounded)).map(|(_, (question, _))| question);
        done(open.filter(|question| filter.matches(question)).take(limit).cloned().collect())
    }

    fn next_deadlines(&self, limit: usize) -> StoreFuture<'_, Vec<Arc<Question>>> {
        let state = self.state.lock();
        done(state.deadlines.iter().take(limit).filter_map(|(_, id)| state.open.get(*id)).collect())
    }

    fn unposted(&self, limit: usize) -> StoreFuture<'_, Vec<NewPost>> {
        done(self.state.lock().outbox.iter().take(limit).cloned().collect())
    }

    fn posted(&self, events: Vec<EventId>) -> StoreFuture<'_, ()> {
        self.state.lock().posted(&events);
        done(())
    }

    fn count(&self) -> StoreFuture<'_, usize> {
        done(self.state.lock().open.questions.len())
    }
}

fn done<'a, T: Send + 'a>(value: T) -> StoreFuture<'a, T> {
    Box::pin(ready(Ok(value)))
}
