//! Why a call has no result.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use atoms_control::{NotAnswered, Principal, QuestionId};
use atoms_runtime::Shown;

use crate::schema::WrongArguments;

/// Why a call of a tool has no result. Its text is meant for models, too.
///
/// Texts of hooks, people and errors are cut off after 1 KiB.
///
/// ```
/// use atoms::prelude::*;
///
/// #[derive(Debug, thiserror::Error)]
/// #[error("there is no order {0}")]
/// struct NoOrder(String);
///
/// #[tool]
/// fn refund(order_id: String) -> Result<u64, NoOrder> {
///     Err(NoOrder(order_id))
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let bus = Bus::builder().without_discovery().tool::<refund>().start()?;
/// let error = refund::call(&bus, RefundArgs { order_id: "o-1".into() }).await.unwrap_err();
/// assert_eq!(error.to_string(), "the tool `refund` failed: there is no order o-1");
/// assert!(error.downcast_ref::<NoOrder>().is_some());
/// assert!(!error.is_denied());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum ToolError {
    /// The bus has no tool of this name, or the caller's [`ToolSet`](crate::ToolSet) does not have it.
    #[error("there is no tool `{}`{}", Shown(name), nearest_text(*nearest))]
    Unknown {
        /// The name.
        name: String,
        /// The tool whose name is most like it.
        nearest: Option<&'static str>,
    },
    /// The arguments are not what they must be. No hook has seen the call.
    #[error("the tool `{tool}` was not called: {problems}")]
    InvalidArguments {
        /// The tool.
        tool: &'static str,
        /// All that is wrong with them.
        problems: WrongArguments,
    },
    /// The arguments are too large. No hook has seen the call.
    #[error("the tool `{tool}` was not called: its arguments take {bytes} bytes, and {limit} are the most")]
    TooLarge {
        /// The tool.
        tool: &'static str,
        /// How many bytes of memory they take.
        bytes: usize,
        /// How many they may take.
        limit: usize,
    },
    /// A before-hook has denied the call.
    #[error("the call of the tool `{tool}` was denied: {reason}")]
    Denied {
        /// The tool.
        tool: &'static str,
        /// The path of the hook.
        hook: &'static str,
        /// Why.
        reason: String,
    },
    /// A hook has failed: it returned an error, panicked, took too long, or made the arguments or the result something that
    /// they must not be. The function was not called, if it was a before-hook; otherwise its result is held back.
    #[error("the call of the tool `{tool}` was stopped: its hook `{hook}` failed: {problem}")]
    HookFailed {
        /// The tool.
        tool: &'static str,
        /// The path of the hook.
        hook: &'static str,
        /// Whether the function was called before.
        is_after: bool,
        /// How.
        problem: String,
    },
    /// A person has said no.
    #[error("the call of the tool `{tool}` was rejected{}{}", by_text(by.as_ref()), feedback_text(feedback.as_deref()))]
    Rejected {
        /// The tool.
        tool: &'static str,
        /// Who; `None` if that is what it has by default at its deadline.
        by: Option<Principal>,
        /// What they said with it.
        feedback: Option<String>,
    },
    /// Nobody has said yes by the deadline.
    #[error("the call of the tool `{tool}` was denied: nobody has approved it in time")]
    Expired {
        /// The tool.
        tool: &'static str,
        /// The question.
        question: QuestionId,
    },
    /// The question whether the call may be made was cancelled.
    #[error("the call of the tool `{tool}` was cancelled{}", feedback_text(reason.as_deref()))]
    Cancelled {
        /// The tool.
        tool: &'static str,
        /// Why, if that was said.
        reason: Option<String>,
    },
    /// A person has to say yes, and could not be asked, or the answer cannot be used.
    #[error("the call of the tool `{tool}` was denied: nobody could be asked to approve it: {problem}")]
    NotAsked {
        /// The tool.
        tool: &'static str,
        /// Why not.
        problem: String,
    },
    /// A person has said yes, and the call is not made all the same: a layer has refused the event that makes it, or the
    /// question cannot be found any more. That event is a dead letter.
    #[error("the call of the tool `{tool}` was approved, and is not made: {problem}")]
    NotMade {
        /// The tool.
        tool: &'static str,
        /// Why not.
        problem: String,
    },
    /// The session ends in which a node has called the tool and waits for a person. The call goes on without the node, if
    /// it is approved.
    #[error(
        "the session has ended before the call of the tool `{tool}` was approved, and the question is still open"
    )]
    SessionEnded {
        /// The tool.
        tool: &'static str,
    },
    /// The function took too long, and was stopped.
    #[error("the tool `{tool}` took longer than {limit:?}")]
    TimedOut {
        /// The tool.
        tool: &'static str,
        /// How long it may take.
        limit: Duration,
    },
    /// The function returned an error, which is the [`source`](Error::source) of this one.
    #[error("the tool `{tool}` failed: {}", Shown(cause))]
    Failed {
        /// The tool.
        tool: &'static str,
        /// The error.
        #[source]
        cause: Arc<dyn Error + Send + Sync>,
    },
    /// The function panicked.
    #[error("the tool `{tool}` panicked: {}", Shown(message))]
    Panicked {
        /// The tool.
        tool: &'static str,
        /// What the panic says.
        message: String,
    },
    /// The function takes a transaction, and what this call does in it was committed before, by an earlier process: it is not
    /// done again, and what the function returned then is not known.
    #[error("the call of the tool `{tool}` was made before: what it returned is not known")]
    Repeated {
        /// The tool.
        tool: &'static str,
    },
    /// Tools and hooks call each other without end.
    #[error("the tool `{tool}` was not called: {limit} calls lie in each other, which is the limit")]
    TooDeep {
        /// The tool.
        tool: &'static str,
        /// The limit.
        limit: u32,
    },
    /// The tool, or one of its hooks, lacks something on this bus. A bus that was checked at its start has no such tool.
    #[error("the tool `{tool}` cannot be called on this bus: {problem}")]
    NotReady {
        /// The tool.
        tool: &'static str,
        /// What is missing.
        problem: String,
    },
    /// The bus is shut down, or was while the call waited. If a person was asked, that question is open still.
    #[error("the bus is shut down")]
    Closed,
}

impl ToolError {
    /// Returns the name of the tool, if there is one.
    pub fn tool(&self) -> Option<&'static str> {
        match self {
            Self::Unknown { .. } | Self::Closed => None,
            Self::InvalidArguments { tool, .. }
            | Self::TooLarge { tool, .. }
            | Self::Denied { tool, .. }
            | Self::HookFailed { tool, .. }
            | Self::Rejected { tool, .. }
            | Self::Expired { tool, .. }
            | Self::Cancelled { tool, .. }
            | Self::NotAsked { tool, .. }
            | Self::NotMade { tool, .. }
            | Self::SessionEnded { tool }
            | Self::TimedOut { tool, .. }
            | Self::Failed { tool, .. }
            | Self::Panicked { tool, .. }
            | Self::Repeated { tool }
            | Self::TooDeep { tool, .. }
            | Self::NotReady { tool, .. } => Some(tool),
        }
    }

    /// Returns whether a hook, a person or a deadline has denied the call, so that the function was not called.
    pub fn is_denied(&self) -> bool {
        match self {
            Self::HookFailed { is_after, .. } => !is_after,
            Self::Denied { .. }
            | Self::Rejected { .. }
            | Self::Expired { .. }
            | Self::Cancelled { .. }
            | Self::NotAsked { .. } => true,
            _ => false,
        }
    }

    /// Returns the error that the function returned, if it is of this type.
    pub fn downcast_ref<E: Error + 'static>(&self) -> Option<&E> {
        match self {
            Self::Failed { cause, .. } => cause.downcast_ref(),
            _ => None,
        }
    }

    pub(crate) fn not_asked(tool: &'static str, problem: &NotAnswered) -> Self {
        match problem {
            NotAnswered::Closed => Self::Closed,
            NotAnswered::SessionEnded(_) => Self::SessionEnded { tool },
            problem => Self::NotAsked { tool, problem: reason_text(problem) },
        }
    }
}

/// What somebody says, as an error and an event keep it.
pub(crate) fn reason_text(reason: impl std::fmt::Display) -> String {
    Shown(reason).to_string()
}

fn nearest_text(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |nearest| format!(": did you mean `{nearest}`?"))
}

fn by_text(by: Option<&Principal>) -> String {
    by.map_or_else(String::new, |by| format!(" by {by}"))
}

fn feedback_text(feedback: Option<&str>) -> String {
    feedback.map_or_else(String::new, |feedback| format!(": {}", Shown(feedback)))
}
