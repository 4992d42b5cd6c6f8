use atoms::prelude::*;

#[derive(Event)]
#[event(type = "shop.order.created")]
struct OrderCreated {
    order_id: String,
}

#[derive(Debug, atoms::serde::Serialize, atoms::serde::Deserialize, Event)]
#[serde(crate = "atoms::serde")]
#[event(type = "shop.order.packed")]
struct OrderPacked {
    order_id: String,
}

#[handler]
fn pack(created: &OrderCreated, out: Emitter<OrderPacked>) -> OrderPacked {
    OrderPacked { order_id: created.order_id.clone() }
}

fn main() {}
