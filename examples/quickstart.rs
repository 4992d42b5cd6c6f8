//! The program of the README: one event comes in, and another goes out.

use atoms::prelude::*;

#[event(type = "shop.order.created")]
struct OrderCreated {
    order_id: String,
}

#[event(type = "shop.order.confirmed", must_handle)]
struct OrderConfirmed {
    order_id: String,
}

#[handler]
fn confirm(order: &OrderCreated) -> OrderConfirmed {
    // what it returns is emitted
    OrderConfirmed { order_id: order.order_id.clone() }
}

#[handler]
async fn mail(order: &OrderConfirmed) {
    println!("dear customer, {} is confirmed", order.order_id);
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let bus = Bus::start()?; // every handler of the program, checked
    bus.emit(OrderCreated { order_id: "o-1".into() }).await.into_result()?;
    bus.receive(br#"{"type":"shop.order.created","order_id":"o-2"}"#).await?.into_result()?;
    Ok(())
}
