use atoms::prelude::*;

#[event(type = "shop.order.created")]
struct OrderCreated;

#[event(type = "shop.order.packed")]
struct OrderPacked;

#[event_set]
enum Twice {
    Created(OrderCreated),
    #[other]
    Other(AnyEvent),
    #[other]
    Rest(AnyEvent),
}

#[event_set]
enum OfOneEvent {
    Created(OrderCreated),
    #[other]
    Other(OrderPacked),
}

#[event_set]
enum OfSome {
    Created(OrderCreated),
    #[other("shop.*")]
    #[cfg(not(any()))]
    Other(AnyEvent),
}

#[handler]
fn track(event: &Twice, _: State<u8>) {
    let _ = OfOneEvent::from(AnyEvent::from(event.clone()));
}

#[handler]
fn log(event: OfOneEvent) {
    println!("{event:?}");
}

#[handler]
fn count(_: &OfSome) {}

fn main() {}
