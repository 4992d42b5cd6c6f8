//! The events of control.

mod questions;
mod runs;

pub use questions::{QuestionAnswered, QuestionCancelled, QuestionExpired, QuestionOpened};
pub(crate) use questions::{ended, is_taken, opened};
pub use runs::{
    AgentCompleted, AgentCreated, AgentFailed, AgentMessage, AgentStarted, BugDetected, DiscussionStarted,
    ErrorReported, FixStarted, PhaseCompleted, PhaseStarted, Progress, RunCancelled, RunCompleted, RunFailed,
    RunPaused, RunResumed, RunStarted, TaskCompleted, TaskFailed, TaskStarted, Thinking,
};
pub(crate) use runs::{Blank, told};
