//! Answers to questions.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The answer to an approval or a checkpoint.
///
/// ```
/// use atoms::control::{Approval, Control, Decision, Principal};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let bus = atoms::Bus::builder().without_discovery().start()?;
/// let opened = bus.questions().open(Approval::new("refund")).await?;
/// bus.questions().reject("refund").feedback("too much").by(&Principal::new("ada")).await?;
/// match opened.wait().await? {
///     Decision::Approved { .. } => println!("it is paid back"),
///     Decision::Rejected { feedback } => assert_eq!(feedback.as_deref(), Some("too much")),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "whoever rejected it meant that it must not go on"]
pub enum Decision {
    /// Yes.
    Approved {
        /// The feedback.
        feedback: Option<String>,
    },
    /// No.
    Rejected {
        /// The feedback.
        feedback: Option<String>,
    },
}

impl Decision {
    /// Returns whether it is a yes.
    pub fn is_approved(&self) -> bool {
        matches!(self, Self::Approved { .. })
    }

    /// Returns the feedback.
    pub fn feedback(&self) -> Option<&str> {
        match self {
            Self::Approved { feedback } | Self::Rejected { feedback } => feedback.as_deref(),
        }
    }
}

/// The answer to a question of any kind, as a store keeps it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// Yes, to an approval or a checkpoint.
    Approved {
        /// The feedback.
        feedback: Option<String>,
        /// The details that are approved instead of those that were shown, if they differ.
        edited: Option<Value>,
    },
    /// No, to an approval or a checkpoint.
    Rejected {
        /// The feedback.
        feedback: Option<String>,
    },
    /// The answer to an input.
    Given(Value),
}

impl Answer {
    /// Returns whether it is a rejection.
    pub fn is_rejected(&self) -> bool {
        matches!(self, Self::Rejected { .. })
    }
}

impl From<Decision> for Answer {
    fn from(decision: Decision) -> Self {
        match decision {
            Decision::Approved { feedback } => Self::Approved { feedback, edited: None },
            Decision::Rejected { feedback } => Self::Rejected { feedback },
        }
    }
}

/// A type that an [`Answer`] is read as: a [`Decision`], or any type that serde can read.
pub trait FromAnswer: Sized + Send + 'static {
    /// Reads the answer. Fails if it is of another kind.
    fn from_answer(answer: &Answer) -> Result<Self, UnreadableAnswer>;
}

/// An answer is not of the expected type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the answer cannot be read: {0}")]
pub struct UnreadableAnswer(pub(crate) String);

impl FromAnswer for Decision {
    fn from_answer(answer: &Answer) -> Result<Self, UnreadableAnswer> {
        match answer {
            Answer::Approved { feedback, .. } => Ok(Self::Approved { feedback: feedback.clone() }),
            Answer::Rejected { feedback } => Ok(Self::Rejected { feedback: feedback.clone() }),
            Answer::Given(_) => Err(UnreadableAnswer("it is a value, and no decision".into())),
        }
    }
}

#[diagnostic::do_not_recommend]
impl<T: DeserializeOwned + Send + 'static> FromAnswer for T {
    fn from_answer(answer: &Answer) -> Result<Self, UnreadableAnswer> {
        match answer {
            Answer::Given(value) => {
                T::deserialize(value).map_err(|error| UnreadableAnswer(error.to_string()))
            }
            _ => Err(UnreadableAnswer("it is a decision: read it as a `Decision`".into())),
        }
    }
}
