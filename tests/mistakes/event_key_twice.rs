use atoms::prelude::*;

#[event(type = "shop.order.created")]
struct OrderCreated {
    #[event(key)]
    order_id: String,
    #[event(key)]
    customer_id: String,
}

#[event(type = "shop.order.packed", key)]
struct OrderPacked {
    #[event(key = "order_id")]
    order_id: String,
}

fn main() {}
