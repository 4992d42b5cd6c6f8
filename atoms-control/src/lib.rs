//! Questions that a person answers, for [`atoms`](https://docs.rs/atoms-rs): approvals, checkpoints and inputs.
//!
//! Programs depend on `atoms` with the feature `control`, which has all of this as `atoms::control`. [`Questions`] is
//! what a program uses, and a [`QuestionStore`] keeps the questions.

mod desk;
mod events;
mod face;
mod principal;
mod question;
#[cfg(all(test, shuttle))]
mod shuttle_tests;
mod store;
mod sync;
pub mod testing;

pub use events::{QuestionAnswered, QuestionCancelled, QuestionExpired, QuestionOpened};
pub use face::{
    AnswerError, Answering, By, Control, ControlBuilder, Listing, Nobody, NotAnswered, OpenError, Opened,
    Questions, Watch,
};
pub use principal::Principal;
pub use question::{
    Answer, Approval, Ask, Checkpoint, Decision, End, FromAnswer, Input, Kind, OfApproval, OfCheckpoint,
    OfInput, Outcome, Problem, Question, QuestionId, QuestionIdError, QuestionKind, QuestionLimits,
    QuestionRef, Schema, SchemaError, TooLarge, UnreadableAnswer, WrongAnswer,
};
pub use schemars;
pub use store::{Ending, MemoryQuestions, Opening, QuestionFilter, QuestionStore};
