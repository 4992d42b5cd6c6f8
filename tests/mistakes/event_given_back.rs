//! One error: what uses the event is right.

use atoms::prelude::*;

#[event(type = "Shop.OrderCreated")]
/// With all that may stand on a struct.
#[derive(PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct OrderCreated {
    #[event(default = 5)]
    #[serde(rename = "n")]
    count: u64,
    #[event(sensitive)]
    card: String,
}

#[handler]
fn confirm(order: &OrderCreated) -> Option<OrderCreated> {
    Some(order.clone())
}

#[handler]
async fn pack(order: Envelope<OrderCreated>, out: Emitter<OrderCreated>) {
    out.emit(order.into_event()).await;
}

fn name() -> &'static str {
    OrderCreated::TYPE
}

fn text(order: &OrderCreated) -> String {
    format!("{order:?} {}", *order == order.clone())
}

async fn run(bus: Bus) {
    bus.emit(OrderCreated { count: 1, card: "c".into() }).await;
}

fn main() {}
