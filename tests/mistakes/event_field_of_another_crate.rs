use std::cell::Cell;
use std::time::Instant;

use atoms::prelude::*;

#[event(type = "shop.order.timed")]
struct OrderTimed {
    at: Instant,
}

#[event(type = "shop.order.counted")]
struct OrderCounted {
    count: Cell<u32>,
}

fn main() {}
