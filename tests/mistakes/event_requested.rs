use atoms::prelude::*;

#[event(type = "shop.order.created")]
struct OrderCreated;

struct Plain;

async fn ask(bus: &Bus) {
    drop(bus.request(OrderCreated));
    drop(bus.request(Envelope::new(OrderCreated)));
}

#[handler]
async fn ask_again(order: &OrderCreated, context: Context) {
    drop(context.request(order.clone()).await);
}

async fn ask_what_is_neither(bus: &Bus) {
    drop(bus.request(Plain));
}

fn main() {}
