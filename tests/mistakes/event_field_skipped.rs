use atoms::prelude::*;

#[derive(Debug, Clone)]
struct Connection;

#[event(type = "shop.order.created")]
struct OrderCreated {
    #[serde(skip)]
    connection: Connection,
}

#[event(type = "shop.order.packed")]
struct OrderPacked {
    #[serde(skip)]
    #[event(default = Connection)]
    connection: Connection,
}

fn main() {}
