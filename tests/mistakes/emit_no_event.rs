use atoms::prelude::*;

struct Plain;

async fn emit(bus: &Bus) {
    bus.emit(Plain).await.into_result().unwrap();
}

fn subscribe(bus: &Bus) {
    bus.on::<Plain>(|_| {}).detach();
}

#[event(type = "shop.a")]
struct OrderCreated;

#[handler]
fn emitter(_: &OrderCreated, _: Emitter<Plain>) {}

#[handler]
fn in_its_envelope(_: &OrderCreated, _: Emitter<Envelope<OrderCreated>>) {}

fn main() {}
