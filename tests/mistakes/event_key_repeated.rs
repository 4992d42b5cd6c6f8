use atoms::prelude::*;

#[event(type = "shop.order.created", must_handle, type = "shop.order.packed", must_handle)]
struct OrderCreated;

#[event(type = "shop.order.sent")]
#[event(must_handle)]
struct OrderSent {
    #[event(default = 5, default = 6)]
    count: u64,
}

#[atoms::event(type = "shop.order.returned")]
#[derive(Event)]
struct OrderReturned;

fn main() {}
