//! Runs, which are work that can be watched and steered, and questions that a person answers, for
//! [`atoms`](https://docs.rs/atoms-rs).
//!
//! Programs depend on `atoms` with the feature `control`, which has all of this as `atoms::control`. [`Runs`] and
//! [`Questions`] are what a program uses, and a [`QuestionStore`] keeps the questions.
//!
//! # For those who know Veska
//!
//! | Veska | here |
//! | --- | --- |
//! | `events.on(EventType.PROGRESS, f)` | `bus.on::<Progress>(f)`, or a `#[handler]` of it, sync or async |
//! | `events.on_any(f)` | `bus.on_any(f)`; of one run or one source, `run.on_any(f)`, `bus.source("x").on_any(f)` |
//! | `events.off(..)` | dropping the subscription, also in the middle of an emit |
//! | `emit(Event(type=.., source="x", ..))` | an event of your own: `bus.emit(..)`; of the framework: the methods of [`Tell`] |
//! | `emit_progress("x", completed=5, total=10)` | `run.progress(5, 10, "")`, or `bus.source("x").progress(5, 10, "")` |
//! | `emit_error("x", "..")` | `run.error("..")`, or `bus.source("x").error("..")` |
//! | `emit_agent_status("x", AGENT_COMPLETED, "..")` | `run.source("x").agent_completed("..")` |
//! | `checkpoint("plan-review", title, ..)` | `run.checkpoint(Checkpoint::new("plan-review").title(..))` |
//! | `approve_checkpoint("plan-review", feedback)` | `bus.questions().approve("plan-review").feedback(..).by(&who)` |
//! | `reject_checkpoint("plan-review", feedback)` | `bus.questions().reject("plan-review").feedback(..).by(&who)` |
//! | `request_input("..?", source="x")` | `run.ask(Input::<String>::new("x").title("..?"))` |
//! | `send_feedback("..")` | `bus.questions().answer_only("..", &who)` |
//! | `pause()`, `resume()`, `cancel()` | `bus.runs().pause(Scope::Bus)`, `.resume(..)`, `.cancel(..)`, or of a run, a session, or a turn of one, which is a run |
//! | `get_history(event_type, source, limit)` | `bus.history().of::<ErrorReported>().source("x").limit(10).list()` |
//! | `stats` | `bus.stats()` |
//! | `Event.to_dict()` | the codec [`Veska`] |

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
    AgentCompleted, AgentCreated, AgentFailed, AgentMessage, AgentStarted, BugDetected, DiscussionStarted,
    ErrorReported, FixStarted, PhaseCompleted, PhaseStarted, Progress, QuestionAnswered, QuestionCancelled,
    QuestionExpired, QuestionOpened, RunCancelled, RunCompleted, RunFailed, RunPaused, RunResumed,
    RunStarted, TaskCompleted, TaskFailed, TaskStarted, Thinking,
};
pub use face::{
    AnswerError, Answering, AskedRole, Asker, By, Listing, Nobody, NotAnswered, OpenError, Opened, Questions,
    Watch,
};
pub use history::{
    Followed, Following, History, HistoryError, HistoryFilter, HistoryPosition, HistoryPositionError,
    HistoryQuery, HistoryStore, MemoryHistory, NoHistory, Recorded, Tree,
};
pub use principal::Principal;
pub use question::{
    Answer, Approval, Ask, Checkpoint, Decision, End, FromAnswer, Input, Kind, OfApproval, OfCheckpoint,
    OfInput, Outcome, Problem, Question, QuestionId, QuestionIdError, QuestionKind, QuestionLimits,
    QuestionRef, Schema, SchemaError, TooLarge, UnreadableAnswer, WrongAnswer,
};
pub use runs::{
    Cancelled, Cancelling, HeldEvents, NotPaused, NotStarted, NotTold, Pausing, Phase, Resuming, RunError,
    Running, Runs, Scope, Source, Steering, Task, Tell, Telling, Tracked,
};
#[doc(no_inline)]
pub use schemars;
pub use stats::{Activity, Quantiles, Stats, StatsError, Tally};
pub use store::{Ending, MemoryQuestions, Opening, QuestionFilter, QuestionStore};
pub use veska::Veska;
pub use work::{DroppedEvent, Run, RunId, RunIdError};
