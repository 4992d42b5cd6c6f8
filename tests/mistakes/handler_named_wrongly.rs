//! What `.handler::<...>()` names is no handler.

use atoms::prelude::*;

#[event(type = "shop.order.created")]
struct OrderCreated;

fn start() {
    Bus::builder().handler::<OrderCreated>().start().unwrap();
}

fn main() {}
