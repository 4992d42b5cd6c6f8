//! Questions.

mod answer;
mod ask;
mod draft;
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

pub(crate) use draft::{AskProblem, Deadline, Draft};

use crate::principal::Principal;

/// The kind of a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum QuestionKind {
    /// An [`Approval`]: whether something may be done.
    Approval,
    /// A [`Checkpoint`]: whether to continue.
    Checkpoint,
    /// An [`Input`]: something that a person has to say.
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
/// Serde writes all of the question except what is posted with the answer, which a store writes by itself.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Question {
    /// Its id.
    pub id: QuestionId,
    /// Its name, if it has one. No other open question has it.
    pub name: Option<String>,
    /// Its kind.
    pub kind: QuestionKind,
    /// Its title: what it is about, in one line.
    pub title: String,
    /// A longer description.
    pub description: String,
    /// What it is about, as data: a plan, or the arguments of a call.
    pub details: Value,
    /// The roles of those who may answer it: one of them is enough. If there are none, everybody may.
    pub roles: Vec<String>,
    /// The schema of the answer to an input; for an approval, that of the details that may be approved instead.
    pub schema: Option<Schema>,
    /// The session that it belongs to.
    pub session: Option<String>,
    /// The chain of events that it belongs to.
    pub correlation: Option<String>,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// When it ends without an answer.
    pub deadline: Option<Timestamp>,
    /// The answer at the deadline.
    pub default: Option<Answer>,
    /// Data that the program keeps with it for itself. It is not shown to those who answer.
    pub body: Value,
    /// The events that are posted when it is answered, and not rejected.
    #[serde(skip)]
    pub then: Vec<AnyEvent>,
    /// How it has ended; `None` while it is open.
    pub end: Option<End>,
}

/// How a question has ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct End {
    /// How it has ended.
    pub outcome: Outcome,
    /// Who has ended it; `None` if it was the deadline, or the program that asked it.
    pub by: Option<Principal>,
    /// When it has ended.
    pub at: Timestamp,
}

/// How a question has ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was answered.
    Answered(Answer),
    /// Its deadline has come, and the answer is its default.
    Defaulted(Answer),
    /// Its deadline has come, and there is no answer.
    Expired,
    /// It was cancelled.
    Cancelled {
        /// The reason, if one was given.
        reason: Option<String>,
    },
}

impl End {
    /// Creates an end at this time.
    pub fn new(outcome: Outcome, by: Option<Principal>, at: Timestamp) -> Self {
        Self { outcome, by, at }
    }

    /// Returns the answer, if there is one.
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

    /// Returns the answer, if it has one.
    pub fn answer(&self) -> Option<&Answer> {
        self.end.as_ref()?.answer()
    }

    /// Returns whether this principal may see and answer it.
    pub fn may_be_answered_by(&self, principal: &Principal) -> bool {
        self.roles.is_empty() || self.roles.iter().any(|role| principal.has_role(role))
    }

    /// Returns the same question, with an end.
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
