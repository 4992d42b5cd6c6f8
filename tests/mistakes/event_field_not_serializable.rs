use atoms::prelude::*;

#[derive(Debug, Clone)]
struct Address;

#[event(type = "shop.order.created")]
struct OrderCreated {
    order_id: String,
    address: Address,
}

fn main() {}
