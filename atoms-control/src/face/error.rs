//! Why a question was not opened, or not answered.

use std::sync::Arc;

use atoms_runtime::{Shown, StoreError};

use crate::question::{
    AskProblem, Outcome, Question, QuestionId, QuestionKind, QuestionRef, SchemaError, TooLarge,
    UnreadableAnswer, WrongAnswer,
};
use crate::work::RunId;

/// Why a question was not opened.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Another open question has its name.
    #[error(
        "the open question {id} is called `{}` as well: wait for that one, ask with its id (`with_id`), or give this one another name",
        Shown(name)
    )]
    NameTaken {
        /// The name.
        name: String,
        /// The open question.
        id: QuestionId,
    },
    /// A part of the question is not valid.
    #[error("the question cannot be asked: {0}")]
    Invalid(String),
    /// The schema of the answer is not a JSON Schema.
    #[error("the question cannot be asked: {0}")]
    Schema(#[from] SchemaError),
    /// A part of the question is too large.
    #[error("the question cannot be asked: {0}")]
    TooLarge(#[from] TooLarge),
    /// The run to which it belongs was cancelled.
    #[error("the run `{}` was cancelled", Shown(name))]
    RunCancelled {
        /// The run.
        run: RunId,
        /// Its name.
        name: String,
    },
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

/// An answer or a cancellation did not reach an open question.
///
/// ```
/// use atoms::control::{AnswerError, Approval, Control, Principal};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let bus = atoms::Bus::builder().without_discovery().start()?;
/// let id = bus.questions().open(Approval::new("refund").role("manager")).await?.id();
/// let (ada, bob) = (Principal::new("ada").role("manager"), Principal::new("bob"));
///
/// let error = bus.questions().approve(id).by(&bob).await.unwrap_err();
/// assert!(matches!(error, AnswerError::NotAllowed { .. }));
/// bus.questions().approve(id).by(&ada).await?;
/// let error = bus.questions().reject(id).by(&ada).await.unwrap_err();
/// assert!(matches!(error, AnswerError::Ended(_)));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum AnswerError {
    /// The question does not exist, or ended long ago.
    #[error("there is no open question `{0}`")]
    Unknown(QuestionRef),
    /// It had ended before.
    #[error("the question `{0}` was {end}", end = ended(.0))]
    Ended(Arc<Question>),
    /// The answer is to the only open input, and there is none that the principal may answer, or there are several.
    #[error("{} that `{principal}` may answer: name the one that is meant", inputs(*.are_several))]
    NotOne {
        /// The principal.
        principal: String,
        /// Whether there are several.
        are_several: bool,
    },
    /// The principal has none of the question's roles.
    #[error("`{principal}` may not answer the question `{question}`, which is for {roles}", roles = roles(question))]
    NotAllowed {
        /// The principal.
        principal: String,
        /// The question.
        question: Arc<Question>,
    },
    /// The question is of another kind. It is still open.
    #[error("the question `{question}` is {hint}", hint = hint(question.kind))]
    OtherKind {
        /// The question.
        question: Arc<Question>,
    },
    /// Its details cannot be changed. It is still open.
    #[error("the details of the question `{0}` cannot be changed: approve or reject them as they are")]
    NotEditable(Arc<Question>),
    /// The answer does not match the schema. The question is still open.
    #[error("the answer is not valid: {0}")]
    Wrong(#[from] WrongAnswer),
    /// The answer cannot be written as JSON. The question is still open.
    #[error("the answer cannot be written as JSON: {0}")]
    Unwritable(String),
    /// The answer is too large. The question is still open.
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
    /// The bus was shut down. The question is still open.
    #[error("the bus is shut down")]
    Closed,
    /// The store failed. It is not known whether it has the answer.
    #[error("the question was not answered: {0}")]
    Store(#[from] StoreError),
}

fn ended(question: &Question) -> String {
    question.end.as_ref().map_or_else(String::new, ToString::to_string)
}

fn inputs(are_several: bool) -> &'static str {
    if are_several { "there are several open inputs" } else { "there is no open input" }
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

/// The caller that waits for an answer does not get one.
///
/// ```
/// use std::time::Duration;
///
/// use atoms::control::{Control, Input, NotAnswered};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let bus = atoms::Bus::builder().without_discovery().start()?;
/// let how_many = Input::<u32>::new("how-many").deadline(Duration::from_millis(10));
/// let error = bus.questions().ask(how_many).await.unwrap_err();
/// assert!(matches!(error, NotAnswered::Expired(_)));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum NotAnswered {
    /// The question was not opened.
    #[error(transparent)]
    NotOpened(#[from] OpenError),
    /// The question was not answered by its deadline, and has no default.
    #[error("the question `{0}` was {end}", end = ended(.0))]
    Expired(Arc<Question>),
    /// The question was cancelled.
    #[error("the question `{0}` was {end}", end = ended(.0))]
    Cancelled(Arc<Question>),
    /// The run that waits was cancelled, and the question with it.
    #[error("the run `{}` was cancelled while it waited for an answer", Shown(name))]
    RunCancelled {
        /// The run.
        run: RunId,
        /// Its name.
        name: String,
    },
    /// The session ends in which a node waits. The question is still open.
    #[error("the session has ended, and the question `{0}` is still open")]
    SessionEnded(Arc<Question>),
    /// The answer is not of the expected type.
    #[error("the answer to the question `{question}` is not of the expected type: {problem}")]
    Unreadable {
        /// The question, with its answer.
        question: Arc<Question>,
        /// What is wrong.
        problem: UnreadableAnswer,
    },
    /// The question does not exist, or ended long ago.
    #[error("there is no question `{0}`")]
    Unknown(QuestionRef),
    /// The bus was shut down. The question is still open.
    #[error("the bus is shut down")]
    Closed,
    /// The store failed. The question may still be open.
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
