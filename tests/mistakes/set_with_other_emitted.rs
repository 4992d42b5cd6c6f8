use atoms::prelude::*;

#[event(type = "shop.order.created")]
struct OrderCreated;

#[event_set]
enum OrderEvent {
    Created(OrderCreated),
    #[other]
    Other(AnyEvent),
}

#[handler]
fn returned(event: OrderEvent) -> OrderEvent {
    event
}

#[handler]
async fn some(event: OrderEvent) -> Result<Option<OrderEvent>, String> {
    Ok(Some(event))
}

#[handler]
fn emitted(_: &OrderCreated, _: Emitter<OrderEvent>) {}

fn main() {}
