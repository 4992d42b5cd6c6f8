//! The events of `tests/golden`, as typed structs: what the Python SDK's classes are on the wire.
//!
//! Every declared field is written, `null`s and defaults included. `Option` is what may be `null`;
//! a field with a default may be missing, but is not `null`.

pub(crate) mod agent;
pub(crate) mod custom;
pub(crate) mod raw;
pub(crate) mod system;

use atoms::prelude::*;

/// `SDKEvent`
#[event(type = "base", framework)]
pub(crate) struct Base;
