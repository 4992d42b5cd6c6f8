use atoms::prelude::*;

#[event(type = "shop.order.created")]
struct OrderCreated;

#[event_set(type = "shop.order")]
enum OrderEvent {
    Created(OrderCreated),
}

#[event_set]
#[event_set(crates = ::atoms)]
enum Twice {
    Created(OrderCreated),
}

#[handler]
fn track(_: &OrderEvent, _: Emitter<Twice>) {}

fn main() {}
