use atoms::prelude::*;

#[event(type = "shop.order.created")]
struct OrderCreated;

#[event(type = "shop.order.packed")]
struct OrderPacked;

#[event_set]
enum OrderEvent {
    Created(OrderCreated),
    Packed(OrderPacked),
    Again(OrderCreated),
    InItsEnvelope(Envelope<OrderPacked>),
}

type Packed = OrderPacked;

#[event_set]
enum UnderTwoNames {
    Created(OrderCreated),
    Packed(OrderPacked),
    Again(Envelope<Packed>),
}

#[event_set]
enum OfOneType {
    Packed(OrderPacked),
    Again(Packed),
}

#[handler]
fn track(_: &OrderEvent, event: Emitter<UnderTwoNames>) {
    event.emit(OrderCreated);
}

fn main() {}
