//! Runs, which are work that can be watched and steered, and questions that a person answers, for
//! [`atoms`](https://docs.rs/atoms-rs).
//!
//! Programs depend on `atoms` with the feature `control`, which has all of this as `atoms::control`. [`Runs`] and
//! [`Questions`] are what a program uses, and a [`QuestionStore`] keeps the questions.

mod bus;
mod desk;
mod events;
mod face;
mod history;
mod principal;
mod question;
mod runs;
#[cfg(all(test, shuttle))]
mod shuttle_tests;
mod stats;
mod store;
mod sync;
pub mod testing;
mod veska;
mod work;

pub use bus::{Control, ControlBuilder};
pub use events::{
    AgentCompleted, AgentFailed, AgentMessage, AgentStarted, BugDetected, DiscussionStarted, ErrorReported,
    FixStarted, PhaseCompleted, PhaseStarted, Progress, QuestionAnswered, QuestionCancelled, QuestionExpired,
    QuestionOpened, RunCancelled, RunCompleted, RunFailed, RunPaused, RunResumed, RunStarted, TaskCompleted,
    TaskFailed, TaskStarted, Thinking,
};
pub use face::{
    AnswerError, Answering, By, Listing, Nobody, NotAnswered, OpenError, Opened, Questions, Watch,
};
pub use history::{History, HistoryQuery, NoHistory, Recorded, Tree};
pub use principal::Principal;
pub use question::{
    Answer, Approval, Ask, Checkpoint, Decision, End, FromAnswer, Input, Kind, OfApproval, OfCheckpoint,
    OfInput, Outcome, Problem, Question, QuestionId, QuestionIdError, QuestionKind, QuestionLimits,
    QuestionRef, Schema, SchemaError, TooLarge, UnreadableAnswer, WrongAnswer,
};
pub use runs::{
    Cancelled, Cancelling, DroppedEvent, HeldEvents, NotPaused, NotStarted, NotTold, Pausing, Phase,
    Resuming, RunError, Running, Runs, Scope, Source, Steering, Task, Tell, Teller, Telling,
};
pub use schemars;
pub use stats::{Quantiles, Stats, StatsError, Tally};
pub use store::{Ending, MemoryQuestions, Opening, QuestionFilter, QuestionStore};
pub use veska::Veska;
pub use work::{Run, RunId, RunIdError};
