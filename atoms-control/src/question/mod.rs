//! What a question is.

mod answer;
mod ask;
mod id;
mod limits;
mod schema;

use std::fmt;

use atoms_runtime::{AnyEvent, Shown, Timestamp, memory_size};
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use answer::{Answer, Decision, FromAnswer, UnreadableAnswer};
pub use ask::{Approval, Ask, Checkpoint, Input, Kind, OfApproval, OfCheckpoint, OfInput};
pub use id::{QuestionId, QuestionIdError, QuestionRef};
pub use limits::{QuestionLimits, TooLarge};
pub use schema::{Problem, Schema, SchemaError, WrongAnswer};

pub(crate) use ask::{AskProblem, Deadline, Draft};

use crate::principal::Principal;

/// What a question is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum QuestionKind {
    /// Whether something may be done: an [`Approval`].
    Approval,
    /// Whether to go on: a [`Checkpoint`].
    Checkpoint,
    /// What somebody has to say: an [`Input`].
    Input,
}

impl fmt::Display for QuestionKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Approval => "approval",
            Self::Checkpoint => "checkpoint",
            Self::Input => "input",
        })
    }
}

/// A question that somebody is to answer, or has answered.
///
/// As serde sees it, it is all of the question but what is posted with the answer, which a store writes by itself.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Question {
    /// Its id.
    pub id: QuestionId,
    /// Its name, if it has one. No other open question has it.
    pub name: Option<String>,
    /// What it is for.
    pub kind: QuestionKind,
    /// What it is about, in one line.
    pub title: String,
    /// More of it.
    pub description: String,
    /// What it is about, as data: a plan, or the arguments of a call.
    pub details: Value,
    /// The roles of those who may answer it: one of them is enough. If there are none, everybody may.
    pub roles: Vec<String>,
    /// What the answer to an input must be; for an approval, what may be approved instead of its details.
    pub schema: Option<Schema>,
    /// The session that it belongs to.
    pub session: Option<String>,
    /// The chain of events that it belongs to.
    pub correlation: Option<String>,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// When it ends without an answer.
    pub deadline: Option<Timestamp>,
    /// The answer that it then has.
    pub default: Option<Answer>,
    /// What the one who asked has written down for itself. It is not for those who answer.
    pub body: Value,
    /// What is posted when it is answered, and not rejected.
    #[serde(skip)]
    pub then: Vec<AnyEvent>,
    /// How it has ended; `None` while it is open.
    pub end: Option<End>,
}

/// How a question has ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct End {
    /// How.
    pub outcome: Outcome,
    /// Who has ended it; `None` if it was its deadline, or the one who had asked.
    pub by: Option<Principal>,
    /// When.
    pub at: Timestamp,
}

/// How a question has ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was answered.
    Answered(Answer),
    /// Its deadline has come, and the answer is the one that it has then.
    Defaulted(Answer),
    /// Its deadline has come, and there is no answer.
    Expired,
    /// It was cancelled.
    Cancelled {
        /// Why, if that was said.
        reason: Option<String>,
    },
}

impl End {
    /// An end at this time.
    pub fn new(outcome: Outcome, by: Option<Principal>, at: Timestamp) -> Self {
        Self { outcome, by, at }
    }

    /// The answer, if there is one.
    pub fn answer(&self) -> Option<&Answer> {
        match &self.outcome {
            Outcome::Answered(answer) | Outcome::Defaulted(answer) => Some(answer),
            Outcome::Expired | Outcome::Cancelled { .. } => None,
        }
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &self.outcome {
            Outcome::Answered(Answer::Approved { .. }) => "approved",
            Outcome::Answered(Answer::Rejected { .. }) => "rejected",
            Outcome::Answered(Answer::Given(_)) => "answered",
            Outcome::Defaulted(_) => "answered by default at its deadline",
            Outcome::Expired => "not answered by its deadline",
            Outcome::Cancelled { .. } => "cancelled",
        })?;
        if let Some(by) = &self.by {
            write!(f, " by {by}")?;
        }
        write!(f, " at {}", self.at)?;
        match &self.outcome {
            Outcome::Cancelled { reason: Some(reason) } => write!(f, ": {}", Shown(reason)),
            _ => Ok(()),
        }
    }
}

impl Question {
    /// Returns whether it is open.
    pub fn is_open(&self) -> bool {
        self.end.is_none()
    }

    /// The answer, if it has one.
    pub fn answer(&self) -> Option<&Answer> {
        self.end.as_ref()?.answer()
    }

    /// Returns whether this principal may see and answer it.
    pub fn may_be_answered_by(&self, principal: &Principal) -> bool {
        self.roles.is_empty() || self.roles.iter().any(|role| principal.has_role(role))
    }

    /// The same question, with an end.
    #[must_use]
    pub fn with_end(&self, end: End) -> Self {
        Self { end: Some(end), ..self.clone() }
    }

    /// Returns about how many bytes of memory it takes, with what is posted with its answer.
    pub fn size(&self) -> usize {
        memory_size(self) + self.then.iter().map(AnyEvent::size).sum::<usize>()
    }
}

/// Its name, or its id if it has none.
impl fmt::Display for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => Shown(name).fmt(f),
            None => self.id.fmt(f),
        }
    }
}
