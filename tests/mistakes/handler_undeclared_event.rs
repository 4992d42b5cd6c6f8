use atoms::prelude::*;

#[event(type = "shop.a")]
struct OrderCreated;

#[event(type = "shop.b")]
struct OrderConfirmed;

#[event(type = "shop.c")]
struct OrderSent;

#[event(type = "shop.d")]
struct OrderLost;

#[handler]
fn one(_: &OrderCreated, out: Emitter<OrderConfirmed>) {
    out.emit(OrderConfirmed);
    out.emit(OrderLost);
}

#[handler]
async fn several(_: &OrderCreated, out: Emitter<(OrderConfirmed, OrderSent)>) {
    out.emit(OrderSent).await;
    out.emit(OrderLost).await;
}

fn main() {}
