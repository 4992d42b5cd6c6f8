use atoms::prelude::*;

#[event(type = "shop.order.created")]
struct OrderCreated;

#[handler]
fn confirm(
    _: &OrderCreated,
    _: Context,
    _: Context,
    _: Context,
    _: Context,
    _: Context,
    _: Context,
    _: Context,
    _: Context,
    _: Context,
    _: Context,
) {
}

fn main() {}
