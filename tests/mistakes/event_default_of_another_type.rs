use atoms::prelude::*;

#[event(type = "shop.order.created")]
struct OrderCreated {
    #[event(default = 5)]
    currency: String,
}

fn main() {}
