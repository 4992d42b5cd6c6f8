//! Where questions are kept.

mod memory;

use std::sync::Arc;

use atoms_runtime::{EventId, NewPost, StoreFuture, StoredEvents};

pub use memory::MemoryQuestions;

use crate::principal::Principal;
use crate::question::{End, Question, QuestionId, QuestionKind};

/// Keeps the questions of a bus: [`MemoryQuestions`], if [`ControlBuilder::question_store`](crate::ControlBuilder) is not
/// told otherwise.
///
/// # One end
///
/// A question is open until [`end`](Self::end) is called for it first. Of several who call that at once, one ends it, and the
/// others are told how it has ended. Its name is free again then.
///
/// # What is posted
///
/// `open` and `end` are given events to post, which they store in one commit with what the events tell of. A store that is
/// the [`Backlog`](atoms_runtime::Backlog) of the bus as well posts them there in that commit. Any other keeps them, in
/// order, and gives them out as [`unposted`](Self::unposted) until it is told that they are [`posted`](Self::posted): an
/// event may so be posted twice if the process ends in between, with the same id.
///
/// # Bounds
///
/// It is bounded in number and in bytes, once for open questions and once for those that have ended. `open` fails with
/// [`StoreErrorKind::Full`](atoms_runtime::StoreErrorKind::Full) if there is no room, also in what is kept to be posted; a
/// question that is larger than all room is taken alone. `end` never fails for want of room: of the questions that have
/// ended, those that ended first make room.
///
/// # Failures
///
/// What a method did is durable when its future is ready. One that fails has done nothing. A future that is dropped before it
/// is ready may have done all or nothing. Opening a question whose id is known does nothing, and so may be repeated.
///
/// One bus at a time has a store. [`testing::questions`](crate::testing::questions) checks an implementation.
pub trait QuestionStore: Send + Sync + 'static {
    /// Says how events are written and read back. It is called once, before all else, by each bus.
    fn start(&self, _events: StoredEvents) {}

    /// Stores an open question, and the events.
    fn open(&self, question: Question, posts: Vec<NewPost>) -> StoreFuture<'_, Opening>;

    /// Ends a question if it is open, and then stores the events.
    fn end(&self, id: QuestionId, end: End, posts: Vec<NewPost>) -> StoreFuture<'_, Ending>;

    /// Returns the question with this id, if it is open, or has ended and did not make room.
    fn get(&self, id: QuestionId) -> StoreFuture<'_, Option<Arc<Question>>>;

    /// Returns the open question with this name.
    fn find(&self, name: String) -> StoreFuture<'_, Option<Arc<Question>>>;

    /// Returns open questions by their ids, from those above this one, and no more than `limit`.
    fn list(
        &self,
        filter: QuestionFilter,
        above: Option<QuestionId>,
        limit: usize,
    ) -> StoreFuture<'_, Vec<Arc<Question>>>;

    /// Returns the open questions with the earliest deadlines, by these, and no more than `limit`.
    fn next_deadlines(&self, limit: usize) -> StoreFuture<'_, Vec<Arc<Question>>>;

    /// Returns events that are not posted yet, in the order in which they were stored, and no more than `limit`.
    fn unposted(&self, limit: usize) -> StoreFuture<'_, Vec<NewPost>>;

    /// Says that these events are posted.
    fn posted(&self, events: Vec<EventId>) -> StoreFuture<'_, ()>;

    /// Returns how many questions are open.
    fn count(&self) -> StoreFuture<'_, usize>;
}

/// What became of opening a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opening {
    /// It is open.
    Opened,
    /// There is a question with its id, open or not: nothing was done.
    Known,
    /// The open question with this id has its name: nothing was done.
    NameTaken(QuestionId),
}

/// What became of ending a question.
#[derive(Debug, Clone)]
pub enum Ending {
    /// It has ended by this.
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
