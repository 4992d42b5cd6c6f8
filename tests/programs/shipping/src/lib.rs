//! A handler of an event from another crate. No code names it.

use atoms::prelude::*;
use shop::OrderPaidInCash;

#[handler]
fn ship(order: &OrderPaidInCash) {
    println!("shipped {}", order.order_id);
}
