use atoms::prelude::*;

#[event(type = "shop.order.created")]
struct OrderCreated;

#[event(type = "shop.order.packed")]
struct OrderPacked;

#[event(type = "shop.order.sent")]
struct OrderSent;

#[event(type = "shop.order.returned")]
struct OrderReturned;

#[handler]
async fn one_declared(_: &OrderCreated, out: Emitter<OrderPacked>) {
    out.emit(OrderSent).await;
}

#[handler]
fn several_declared(_: &OrderSent, out: Emitter<(OrderPacked, OrderReturned)>) {
    out.emit(OrderPacked);
    let created = OrderCreated;
    out.emit(created);
}

fn main() {}
