//! One error for each: what is awaited, and used then, is of a type that rustc does not know.

use atoms::prelude::*;

#[event(type = "shop.order.created")]
struct OrderCreated;

#[request(type = "shop.stock.count", reply = u32)]
struct CountStock;

#[event_set]
enum OrderEvent {
    Created(OrderCreated),
}

async fn emit(bus: &Bus, order: OrderCreated) {
    bus.emit(&order).await.into_result().unwrap();
    bus.post(&order).await.unwrap();
    bus.emit_all(&[order]).await.len();
}

async fn emit_several(bus: &Bus, orders: Vec<OrderCreated>, set: OrderEvent, any: AnyEvent) {
    bus.emit(orders).await;
    bus.emit(set).await;
    bus.emit(any).await;
}

async fn ask(bus: &Bus, ask: CountStock) -> u32 {
    bus.request(&ask).await.unwrap().pow(2)
}

#[handler]
async fn emit_again(order: &OrderCreated, out: Emitter<OrderCreated>) {
    out.emit(order).await;
}

fn main() {}
