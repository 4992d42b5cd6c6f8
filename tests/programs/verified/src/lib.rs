//! A library whose tests check that its events are routed.

use atoms::prelude::*;

/// Something happened.
#[event(type = "verified.happened")]
pub struct Happened {}

/// Takes it.
#[handler]
pub fn take(_: &Happened) {}

#[cfg(test)]
atoms::verify!();
