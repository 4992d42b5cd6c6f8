//! A program without a library, which checks itself.

use atoms::prelude::*;

#[event(type = "only.happened")]
struct Happened {}

#[handler]
fn take(_: &Happened) {}

#[cfg(test)]
atoms::verify!();

fn main() {}
