//! The events of control.

mod questions;

pub use questions::{QuestionAnswered, QuestionCancelled, QuestionExpired, QuestionOpened};
pub(crate) use questions::{ended, is_taken, opened};
