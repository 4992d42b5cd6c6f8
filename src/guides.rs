//! Guides: one subject at a time, with programs that are compiled.

#[cfg(feature = "server")]
#[doc = include_str!("../docs/python_sdk.md")]
pub mod python_sdk {}
