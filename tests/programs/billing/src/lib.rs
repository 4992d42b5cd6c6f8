//! Handlers of events from another crate. No code names them.

use atoms::prelude::*;
use shop::{OrderCreated, OrderPaid};

#[handler]
fn invoice(order: &OrderCreated) {
    println!("invoice for {}", order.order_id);
}

#[handler]
async fn receipt(order: &OrderPaid) {
    println!("receipt for {}", order.order_id);
}
