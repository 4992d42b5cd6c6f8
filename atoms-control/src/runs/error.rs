//! How a run ends without a result.

use atoms_runtime::{HandlerError, Shown};

use crate::work::RunId;

/// Why a run has no result.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// It was cancelled.
    #[error("the run `{}` was cancelled{}", Shown(name), because(reason.as_deref()))]
    Cancelled {
        /// The run.
        run: RunId,
        /// Its name.
        name: String,
        /// The reason, if one was given.
        reason: Option<String>,
    },
    /// It has returned an error.
    #[error("the run `{}` failed: {cause}", Shown(name))]
    Failed {
        /// The run.
        run: RunId,
        /// Its name.
        name: String,
        /// The error that it returned.
        #[source]
        cause: HandlerError,
    },
    /// It has panicked.
    #[error("the run `{}` panicked: {message}", Shown(name))]
    Panicked {
        /// The run.
        run: RunId,
        /// Its name.
        name: String,
        /// What it panicked with.
        message: String,
    },
    /// The tokio runtime in which it was started has ended.
    #[error(
        "the run `{}` was not finished: the tokio runtime in which it was started has ended",
        Shown(name)
    )]
    RuntimeEnded {
        /// The run.
        run: RunId,
        /// Its name.
        name: String,
    },
    /// It was not started.
    #[error("the run `{}` was not started: {cause}", Shown(name))]
    NotStarted {
        /// Its name.
        name: String,
        /// Why.
        #[source]
        cause: NotStarted,
    },
}

impl RunError {
    /// Returns whether the run was cancelled.
    pub fn is_cancelled(&self) -> bool {
        matches!(self, Self::Cancelled { .. })
    }
}

/// Why a run was not started.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotStarted {
    /// The bus was shut down.
    #[error("the bus is shut down")]
    Closed,
    /// There is no tokio runtime here.
    #[error("there is no tokio runtime: start it in a task, or in an async handler")]
    NoRuntime,
    /// So many runs go on at once that there is no room for another one.
    #[error("{limit} runs go on at once, which is the limit")]
    TooMany {
        /// The limit.
        limit: usize,
    },
    /// It would be in so many other runs, each in the one before.
    #[error(
        "it is in {limit} runs, each in the one before, which is the limit: start it in an outer one, or in none"
    )]
    TooDeep {
        /// The limit.
        limit: usize,
    },
    /// It would be at the end of so long a chain of runs, each started by the one before.
    #[error("{limit} runs led to it, each started by the one before, which is the limit: a loop was stopped")]
    Loop {
        /// The limit.
        limit: usize,
    },
    /// The name is too long.
    #[error("its name has {bytes} bytes, and the limit is {limit}")]
    NameTooLong {
        /// The bytes of the name.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// The run that it would belong to has ended, or was cancelled.
    #[error("the run `{parent}`, in which it was started, has ended or was cancelled")]
    ParentEnded {
        /// The name of that run.
        parent: String,
    },
}

fn because(reason: Option<&str>) -> String {
    reason.map_or_else(String::new, |reason| format!(": {}", Shown(reason)))
}
