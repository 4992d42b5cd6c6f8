use atoms::prelude::*;

#[event(type = "shop.order.created")]
struct OrderCreated;

#[handler(timeout = "2s")]
fn cannot_be_interrupted(_: &OrderCreated) {}

#[handler(timeout = "2s", retry)]
fn nor_if_it_is_tried_again(_: &OrderCreated) -> Result<(), String> {
    Ok(())
}

fn main() {
    let _ = atoms::Bus::builder().handler::<cannot_be_interrupted>();
}
