//! Help for tests.

pub mod questions;
