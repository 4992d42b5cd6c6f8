//! Why an answer, or a call of it, has failed.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use atoms_runtime::Shown;

use crate::call::ToolError;

/// Why a model's answer is not complete.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum LoopError {
    /// The model has failed.
    #[error("the model failed: {}", Shown(_0))]
    Model(Arc<dyn Error + Send + Sync>),
    /// The model's answer has ended without a [`Part::End`](super::Part::End). Calls that it has asked for were not made.
    #[error("the model's answer was broken off")]
    BrokenOff,
    /// The model asks for calls again and again. Those that it asked for last were not made.
    #[error("the model was asked {limit} times, which is the limit, and still asks for calls")]
    TooManyRounds {
        /// How often it is asked at most.
        limit: usize,
    },
    /// It took too long. Calls that were under way were dropped.
    #[error("the answer took longer than {limit:?}")]
    TooLong {
        /// How long it may take.
        limit: Duration,
    },
    /// The answers of the model, and the results of its calls, are too large.
    #[error("the answers and results take more than {limit} bytes, which is the limit")]
    TooLarge {
        /// How many bytes they may take together.
        limit: usize,
    },
    /// The run was cancelled in which the model was asked, such as the turn of a session.
    #[error("the run was cancelled in which the model was asked")]
    Cancelled,
    /// The bus is shut down.
    #[error("the bus is shut down")]
    Closed,
}

/// Why a call that a model asked for has no result. The model is told its text.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum CallFailed {
    /// The arguments are no JSON object.
    #[error("the tool was not called: its arguments are not a JSON object: {}", Shown(_0))]
    NotJson(String),
    /// The model has asked for more calls at once than are made.
    #[error("the tool was not called: at most {limit} calls are made at once")]
    TooMany {
        /// How many are made.
        limit: usize,
    },
    /// The result is too large for the answer, and was thrown away.
    #[error("the result takes {bytes} bytes, and there is room for {left}")]
    TooLarge {
        /// How many bytes it takes.
        bytes: usize,
        /// How many it may take.
        left: usize,
    },
    /// The call failed, or was denied.
    #[error(transparent)]
    Tool(#[from] ToolError),
}
