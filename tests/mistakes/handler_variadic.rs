use atoms::prelude::*;

#[event(type = "shop.a")]
struct OrderCreated;

#[handler]
unsafe extern "C" fn variadic(_: &OrderCreated, ...) {}

fn main() {}
