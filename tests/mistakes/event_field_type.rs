use atoms::prelude::*;

#[derive(Clone, Debug)]
struct Address {
    street: String,
}

#[event(type = "shop.a")]
struct OrderCreated {
    order_id: String,
    address: Address,
}

fn main() {}
