//! Where questions are kept.

mod memory;

use std::sync::Arc;

use atoms_runtime::{EventId, NewPost, StoreFuture, StoredEvents};

pub use memory::MemoryQuestions;

use crate::principal::Principal;
use crate::question::{End, Question, QuestionId, QuestionKind};

/// Keeps the questions of a bus: by default [`MemoryQuestions`], unless
/// [`ControlBuilder::question_store`](crate::ControlBuilder) sets another one.
///
/// # One end
///
/// A question is open until the first call of [`end`](Self::end) for it. If several are called at once, one ends the
/// question, and the others return how it has ended. Its name is free again then.
///
/// # What is posted
///
/// `open` and `end` are given events to post, which they store in one commit with what the events tell of. A store that
/// is also the [`Backlog`](atoms_runtime::Backlog) of the bus posts them there in that commit. Any other store keeps
/// them in order, and returns them as [`unposted`](Self::unposted) until it is told that they are
/// [`posted`](Self::posted). So an event may be posted twice, with the same id, if the process ends in between.
///
/// # Bounds
///
/// It is bounded in number and in bytes, once for open questions and once for those that have ended. `open` fails with
/// [`StoreErrorKind::Full`](atoms_runtime::StoreErrorKind::Full) if there is no room, also for the events to post; a
/// question that is larger than the whole room is taken alone. `end` never fails for lack of room: the questions that
/// ended first are dropped for others.
///
/// # Failures
///
/// The effect of a method is durable when its future is ready. A method that fails has no effect. If a future is
/// dropped before it is ready, all of its effect may have happened, or nothing. Opening a question whose id is known
/// does nothing, and so may be repeated.
///
/// One bus at a time has a store. [`testing::questions`](crate::testing::questions) checks an implementation.
pub trait QuestionStore: Send + Sync + 'static {
    /// Tells the store how events are written and read. Each bus calls this once, before all other methods.
    fn start(&self, _events: StoredEvents) {}

    /// Stores an open question, and the events.
    fn open(&self, question: Arc<Question>, posts: Vec<NewPost>) -> StoreFuture<'_, Opening>;

    /// Ends a question if it is open, and then stores the events.
    fn end(&self, id: QuestionId, end: End, posts: Vec<NewPost>) -> StoreFuture<'_, Ending>;

    /// Returns the question with this id, if it is open, or has ended and was not dropped.
    fn get(&self, id: QuestionId) -> StoreFuture<'_, Option<Arc<Question>>>;

    /// Returns the open question with this name.
    fn find(&self, name: String) -> StoreFuture<'_, Option<Arc<Question>>>;

    /// Returns at most `limit` open questions after this one, sorted by id.
    fn list(
        &self,
        filter: QuestionFilter,
        above: Option<QuestionId>,
        limit: usize,
    ) -> StoreFuture<'_, Vec<Arc<Question>>>;

    /// Returns at most `limit` open questions with the earliest deadlines, sorted by these.
    fn next_deadlines(&self, limit: usize) -> StoreFuture<'_, Vec<Arc<Question>>>;

    /// Returns at most `limit` events that are not posted yet, in the order in which they were stored.
    fn unposted(&self, limit: usize) -> StoreFuture<'_, Vec<NewPost>>;

    /// Tells the store that these events are posted.
    fn posted(&self, events: Vec<EventId>) -> StoreFuture<'_, ()>;

    /// Returns how many questions are open.
    fn count(&self) -> StoreFuture<'_, usize>;
}

/// The outcome of opening a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opening {
    /// The question is open.
    Opened,
    /// There is a question with its id, open or not: nothing was done.
    Known,
    /// The open question with this id has its name: nothing was done.
    NameTaken(QuestionId),
}

/// The outcome of ending a question.
#[derive(Debug, Clone)]
pub enum Ending {
    /// This call has ended it.
    Ended(Arc<Question>),
    /// It had ended before: nothing was done.
    Before(Arc<Question>),
    /// There is no question with this id.
    Unknown,
}

/// Which questions are listed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct QuestionFilter {
    /// Those of this kind.
    pub kind: Option<QuestionKind>,
    /// Those of this session.
    pub session: Option<String>,
    /// Those that this principal may answer.
    pub answerable_by: Option<Principal>,
}

impl QuestionFilter {
    /// Returns whether it lets a question through.
    pub fn matches(&self, question: &Question) -> bool {
        self.kind.is_none_or(|kind| kind == question.kind)
            && self.session.as_ref().is_none_or(|session| question.session.as_ref() == Some(session))
            && self.answerable_by.as_ref().is_none_or(|principal| question.may_be_answered_by(principal))
    }
}
