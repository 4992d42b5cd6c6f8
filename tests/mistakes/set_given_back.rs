//! One error: what uses the set is right.

use atoms::prelude::*;

#[event(type = "shop.order.created")]
struct OrderCreated;

#[event(type = "shop.order.packed")]
struct OrderPacked;

#[event_set]
/// With all that may stand on an enum.
#[derive(Clone)]
#[non_exhaustive]
enum OrderEvent {
    Created(OrderCreated),
    Packed(Envelope<OrderPacked>),
    Sent,
}

#[handler]
fn track(event: OrderEvent, out: Emitter<OrderEvent>) -> Result<Vec<OrderEvent>, String> {
    out.emit(OrderCreated);
    match &event {
        OrderEvent::Created(_) | OrderEvent::Sent => {}
        OrderEvent::Packed(packed) => println!("{}", packed.id()),
    }
    Ok(vec![event.clone(), OrderCreated.into()])
}

#[handler]
async fn log(event: &AnyEvent) {
    match OrderEvent::try_from(event.clone()) {
        Ok(event) => println!("{event:?}"),
        Err(error) => println!("{:?}", error.into_event()),
    }
}

fn main() {
    let _ = AnyEvent::from(OrderEvent::from(Envelope::new(OrderPacked)));
}
