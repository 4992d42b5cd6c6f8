//! Why a question was not opened, or not answered.

use std::sync::Arc;

use atoms_runtime::{Shown, StoreError};

use crate::question::{
    AskProblem, Outcome, Question, QuestionId, QuestionKind, QuestionRef, SchemaError, TooLarge,
    UnreadableAnswer, WrongAnswer,
};

/// Why a question was not opened.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Another open question has its name.
    #[error(
        "the open question {id} is called `{}` as well: wait for that one, or give this one another name",
        Shown(name)
    )]
    NameTaken {
        /// The name.
        name: String,
        /// The open question.
        id: QuestionId,
    },
    /// Something in it is not what it has to be.
    #[error("the question cannot be asked: {0}")]
    Invalid(String),
    /// What the answer must be is no JSON Schema.
    #[error("the question cannot be asked: {0}")]
    Schema(#[from] SchemaError),
    /// A part of it is too large.
    #[error("the question cannot be asked: {0}")]
    TooLarge(#[from] TooLarge),
    /// The bus was shut down.
    #[error("the bus is shut down")]
    Closed,
    /// The store failed, or is full.
    #[error("the question was not opened: {0}")]
    Store(#[from] StoreError),
}

impl From<AskProblem> for OpenError {
    fn from(problem: AskProblem) -> Self {
        match problem {
            AskProblem::Schema(error) => Self::Schema(error),
            other => Self::Invalid(other.to_string()),
        }
    }
}

/// Why an answer, or a cancellation, did not reach a question.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum AnswerError {
    /// There is no such question, or it has ended long ago.
    #[error("there is no open question `{0}`")]
    Unknown(QuestionRef),
    /// It had ended before.
    #[error("the question `{0}` was {end}", end = ended(.0))]
    Ended(Arc<Question>),
    /// They have none of its roles.
    #[error("`{principal}` may not answer the question `{question}`, which is for {roles}", roles = roles(question))]
    NotAllowed {
        /// Who tried.
        principal: String,
        /// The question.
        question: Arc<Question>,
    },
    /// The question is of another kind. It is open still.
    #[error("the question `{question}` is {hint}", hint = hint(question.kind))]
    OtherKind {
        /// The question.
        question: Arc<Question>,
    },
    /// Its details are not to be changed. It is open still.
    #[error("the details of the question `{0}` cannot be changed: approve or reject them as they are")]
    NotEditable(Arc<Question>),
    /// The answer is not what it must be. The question is open still.
    #[error("that is no answer to the question: {0}")]
    Wrong(#[from] WrongAnswer),
    /// The answer cannot be written as JSON. The question is open still.
    #[error("the answer cannot be written as JSON: {0}")]
    Unwritable(String),
    /// The answer is too large. The question is open still.
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
    /// The bus was shut down. The question is open still.
    #[error("the bus is shut down")]
    Closed,
    /// The store failed. Whether it has the answer is not known.
    #[error("the question was not answered: {0}")]
    Store(#[from] StoreError),
}

fn ended(question: &Question) -> String {
    question.end.as_ref().map_or_else(String::new, ToString::to_string)
}

fn roles(question: &Question) -> String {
    let roles = question.roles.iter().map(|role| format!("`{}`", Shown(role)));
    roles.collect::<Vec<_>>().join(" or ")
}

fn hint(kind: QuestionKind) -> &'static str {
    match kind {
        QuestionKind::Approval => "an approval: approve or reject it",
        QuestionKind::Checkpoint => "a checkpoint: approve or reject it",
        QuestionKind::Input => "an input: answer it with a value",
    }
}

/// Why the one who waits for an answer has none.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum NotAnswered {
    /// The question was not opened.
    #[error(transparent)]
    NotOpened(#[from] OpenError),
    /// It was not answered by its deadline, and has no default.
    #[error("the question `{0}` was {end}", end = ended(.0))]
    Expired(Arc<Question>),
    /// It was cancelled.
    #[error("the question `{0}` was {end}", end = ended(.0))]
    Cancelled(Arc<Question>),
    /// The answer is not of the type that is waited for.
    #[error("the answer to the question `{question}` is not what is waited for: {problem}")]
    Unreadable {
        /// The question, with its answer.
        question: Arc<Question>,
        /// What is wrong.
        problem: UnreadableAnswer,
    },
    /// There is no such question, or it has ended long ago.
    #[error("there is no question `{0}`")]
    Unknown(QuestionRef),
    /// The bus was shut down. The question is open still.
    #[error("the bus is shut down")]
    Closed,
    /// The store failed. The question may be open still.
    #[error("the answer cannot be waited for: {0}")]
    Store(#[from] StoreError),
}

impl NotAnswered {
    /// For a question that has ended without an answer.
    pub(super) fn of(question: Arc<Question>) -> Self {
        match question.end.as_ref().map(|end| &end.outcome) {
            Some(Outcome::Cancelled { .. }) => Self::Cancelled(question),
            _ => Self::Expired(question),
        }
    }
}
