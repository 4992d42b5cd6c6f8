//! Help for tests.

pub mod history;
pub mod questions;
