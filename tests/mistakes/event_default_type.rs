use atoms::prelude::*;

#[event(type = "shop.a")]
struct OrderCreated {
    #[event(default = 5)]
    order_id: String,
}

fn main() {}
