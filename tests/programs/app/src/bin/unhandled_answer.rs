//! Does not link: what a handler returns must be handled.

use atoms::prelude::*;
use shop::{OrderCreated, OrderPaid};

#[handler]
fn pay_at_once(order: &OrderCreated) -> OrderPaid {
    OrderPaid { order_id: order.order_id.clone() }
}

fn main() {
    Bus::start().unwrap();
}
