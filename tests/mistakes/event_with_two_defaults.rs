use atoms::prelude::*;

#[event(type = "shop.order.created")]
struct OrderCreated {
    #[event(default = 5)]
    #[serde(default)]
    count: u64,
}

fn main() {}
