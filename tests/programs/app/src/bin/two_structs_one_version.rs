//! Does not build: two structs are the second version of an event.

use atoms::prelude::*;

#[event(type = "shop.order.split")]
struct OrderSplitV1 {}

#[event(type = "shop.order.split", version = 2, upcasts = OrderSplitV1)]
struct OrderSplit {}

#[event(type = "shop.order.split", version = 2, upcasts = OrderSplitV1)]
struct OrderParted {}

impl From<OrderSplitV1> for OrderSplit {
    fn from(_: OrderSplitV1) -> Self {
        Self {}
    }
}

impl From<OrderSplitV1> for OrderParted {
    fn from(_: OrderSplitV1) -> Self {
        Self {}
    }
}

fn main() {
    let bus = Bus::start().unwrap();
    run::run(bus.emit(OrderSplit {})).into_result().unwrap();
    run::run(bus.emit(OrderParted {})).into_result().unwrap();
}
