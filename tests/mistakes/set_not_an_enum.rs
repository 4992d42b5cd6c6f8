use atoms::prelude::*;

#[event(type = "shop.order.created")]
struct OrderCreated;

#[event_set]
struct OrderEvent {
    created: OrderCreated,
}

#[event_set]
union Either {
    number: u64,
    other: i64,
}

#[event_set]
enum Nothing {}

#[event_set]
enum OnlyOther {
    #[other]
    Other(AnyEvent),
}

#[event_set]
fn function() {}

#[handler]
fn track(event: &OrderEvent, _: Emitter<Nothing>) -> Option<OrderEvent> {
    let _ = &event.created;
    None
}

#[handler]
async fn log(event: OnlyOther) {
    println!("{event:?}");
}

fn main() {
    function();
}
