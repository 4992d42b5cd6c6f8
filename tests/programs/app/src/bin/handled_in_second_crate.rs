//! The event is emitted here, and handled in `billing`.

use atoms::prelude::*;
use billing as _;

fn main() {
    let bus = Bus::start().unwrap();
    let paid = shop::OrderPaid { order_id: "o-1".into() };
    run::run(bus.emit(paid)).into_result().unwrap();
}
