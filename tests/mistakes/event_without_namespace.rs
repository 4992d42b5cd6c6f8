#![deny(deprecated)]

use atoms::prelude::*;

#[event(type = "order_created")]
struct OrderCreated;

#[event(type = "order_confirmed")]
#[allow(deprecated)]
struct OrderConfirmed;

fn main() {}
