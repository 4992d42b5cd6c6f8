use atoms::prelude::*;

#[event]
struct OrderCreated {
    order_id: String,
}

#[event(must_handle)]
struct OrderConfirmed;

// The items are given back, so that what uses them is not reported as well.
#[handler]
fn confirm(order: &OrderCreated) -> OrderConfirmed {
    println!("{}", order.order_id);
    OrderConfirmed
}

async fn emit(bus: &Bus) {
    let order = OrderCreated { order_id: "o-1".into() };
    bus.emit(order.clone()).await.into_result().unwrap();
    println!("{order:?}");
}

fn main() {}
