use atoms::prelude::*;

#[event(type = "shop.order.created", must_handle = true, deny_unknown_fields("yes"))]
struct OrderCreated {
    #[event(sensitive = 1)]
    token: String,
    #[event(default)]
    count: u64,
}

#[event(type = "shop.order.packed", crate = "atoms")]
struct OrderPacked;

#[event(type = "shop.order.sent", crate = 5)]
struct OrderSent;

#[event(type = "shop.order.returned" must_handle)]
struct OrderReturned;

fn main() {}
