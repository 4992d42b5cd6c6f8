use atoms::Event;
use atoms::prelude::*;

#[event(type = "shop.order.created")]
struct OrderCreated;

#[handler(pattern = "shop.order.*")]
fn event(_: &OrderCreated) {}

#[handler(pattern = "shop.order.*", retry)]
async fn envelope(_: &Envelope<OrderCreated>) -> Result<(), String> {
    Ok(())
}

fn main() {
    let _ = atoms::Bus::builder().handler::<event>().handler::<envelope>();
    let _ = OrderCreated::TYPE;
}
