use atoms::prelude::*;

#[event(type = "shop.order.created")]
enum OrderCreated {
    Online { order_id: String },
    InStore(String),
}

#[event(type = "shop.order.packed")]
union OrderPacked {
    number: u64,
}

#[event(type = "shop.order.sent")]
struct OrderSent(String);

#[event(type = "shop.order.returned")]
fn order_returned() {}

#[handler]
fn confirm(_: &OrderCreated) -> Option<OrderPacked> {
    None
}

#[handler]
fn pack(_: &OrderSent) {}

fn main() {
    let _ = OrderCreated::InStore("o-1".into());
    order_returned();
}
