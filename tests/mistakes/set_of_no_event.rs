use atoms::prelude::*;

#[event(type = "shop.order.created")]
struct OrderCreated;

struct OrderCancelled;

#[event_set]
enum OrderEvent {
    Created(OrderCreated),
    Cancelled(OrderCancelled),
    Noted(String),
}

#[event_set]
enum InEnvelopes {
    Created(Envelope<OrderCreated>),
    Cancelled(Envelope<OrderCancelled>),
    #[other]
    Other(AnyEvent),
}

#[request(type = "shop.order.count", reply = u64)]
struct CountOrders;

#[event_set]
enum WithARequest {
    Created(OrderCreated),
    Count(CountOrders),
}

#[handler]
fn track(event: OrderEvent, out: Emitter<OrderEvent>) -> Option<OrderEvent> {
    out.emit(OrderCreated);
    Some(event.clone())
}

#[handler]
async fn count(_: WithARequest, _: Emitter<WithARequest>) {}

#[handler]
async fn log(event: &InEnvelopes) {
    println!("{event:?} {:?}", AnyEvent::from(event.clone()));
}

fn main() {}
