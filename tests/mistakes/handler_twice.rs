use atoms::prelude::*;

#[event(type = "shop.order.created")]
struct OrderCreated;

#[handler]
#[handler]
fn confirm(_: &OrderCreated) {}

fn start() {
    Bus::builder().handler::<confirm>().start().unwrap();
}

fn main() {}
