use atoms::prelude::*;

#[event(type = "shop.order.created")]
struct OrderCreated;

#[handler]
#[handler]
fn confirm(_: &OrderCreated) {}

#[handler]
#[tool]
fn refund(_: &OrderCreated) {}

fn start() {
    Bus::builder().handler::<confirm>().handler::<refund>().start().unwrap();
}

fn main() {}
