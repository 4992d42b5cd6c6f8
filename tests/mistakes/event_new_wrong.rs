//! `new` where the struct has a `new` or a default already, and a wrong call of it.

use atoms::prelude::*;

#[event(type = "shop.order.created", new)]
struct OrderCreated {
    order_id: String,
}

impl OrderCreated {
    fn new() -> Self {
        Self { order_id: String::new() }
    }
}

#[event(type = "shop.order.paid", new)]
#[serde(default)]
#[derive(Default)]
struct OrderPaid {
    order_id: String,
}

#[event(type = "shop.order.sent", new)]
struct OrderSent {
    order_id: String,
    #[event(default = 1)]
    parcels: u32,
}

#[event(type = "shop.order.lost", new = 1)]
struct OrderLost;

fn main() {
    OrderSent::new("o-1".to_owned(), 2);
    OrderPaid::new();
}
