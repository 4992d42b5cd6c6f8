//! Does not link: two of its crates have an event with one type string.

use atoms::prelude::*;

fn main() {
    let bus = Bus::start().unwrap();
    run::run(bus.emit(shop::OrderCreated { order_id: "o-1".into() })).into_result().unwrap();
    run::run(bus.emit(legacy::Order {})).into_result().unwrap();
}
