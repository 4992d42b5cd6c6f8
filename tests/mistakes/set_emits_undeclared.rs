use atoms::prelude::*;

#[event(type = "shop.order.created")]
struct OrderCreated;

#[event(type = "shop.order.packed")]
struct OrderPacked;

#[event(type = "shop.order.sent")]
struct OrderSent;

#[event_set]
enum One {
    Packed(OrderPacked),
}

#[event_set]
enum Two {
    Created(OrderCreated),
    Packed(Envelope<OrderPacked>),
}

#[handler]
async fn one(_: &OrderCreated, out: Emitter<One>) {
    out.emit(OrderPacked).await;
    out.emit(OrderSent).await;
}

#[handler]
fn two(_: &OrderSent, out: Emitter<Two>) {
    out.emit(OrderPacked);
    out.emit(OrderSent);
}

fn main() {}
