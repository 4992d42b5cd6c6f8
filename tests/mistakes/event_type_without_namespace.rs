// A warning, which is denied here to be seen.
#![deny(deprecated)]

use atoms::prelude::*;

#[event(type = "created")]
struct OrderCreated;

#[allow(deprecated)]
#[event(type = "packed")]
struct OrderPacked;

fn main() {}
