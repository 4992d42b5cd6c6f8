use atoms::prelude::*;

#[event(type = "shop.order.created")]
struct OrderCreated;

#[event(type = "shop.order.packed")]
struct OrderPacked;

#[event_set]
enum OrderEvent {
    Created(OrderCreated),
    Packed(OrderPacked, u64),
    Sent,
    Returned { event: OrderCreated },
    Lost(),
    #[other]
    Unknown,
}

#[event_set]
enum WithoutOther {
    Created(OrderCreated),
    Rest(AnyEvent),
}

#[handler]
fn track(_: &OrderEvent, out: Emitter<WithoutOther>) {
    out.emit(OrderCreated);
}

fn main() {}
