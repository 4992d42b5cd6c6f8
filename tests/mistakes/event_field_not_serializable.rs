use atoms::prelude::*;

struct Address;

#[event(type = "shop.order.created")]
struct OrderCreated {
    order_id: String,
    address: Address,
    others: Vec<Address>,
}

/// Has its own derives, which tell of it as well.
#[event(type = "shop.order.packed")]
#[derive(PartialEq, serde::Serialize, serde::Deserialize)]
struct OrderPacked {
    address: Option<Address>,
}

#[handler]
async fn pack(created: OrderCreated) {}

fn main() {}
