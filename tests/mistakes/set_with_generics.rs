use atoms::prelude::*;

#[event(type = "shop.order.created")]
struct OrderCreated;

#[event_set]
enum OrderEvent<E> {
    Created(OrderCreated),
    Noted(E),
}

#[event_set]
enum Borrowed<'a> {
    Created(&'a OrderCreated),
}

#[handler]
fn track(_: &OrderEvent<u8>) {}

#[handler]
fn log(event: Borrowed<'static>) {
    println!("{event:?}");
}

fn main() {}
