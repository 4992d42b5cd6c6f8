use atoms::prelude::*;

#[event(type = "shop.order.created")]
struct OrderCreated;

type Nothing = Option<OrderCreated>;

#[handler(retry)]
fn sync(_: &OrderCreated) {}

#[handler(timeout = "2s", retry(attempts = 5))]
async fn asynchronous(_: &OrderCreated) -> OrderCreated {
    OrderCreated
}

#[handler(retry)]
async fn alias(_: &OrderCreated) -> Nothing {
    None
}

fn main() {
    let _ = atoms::Bus::builder().handler::<sync>().handler::<alias>();
}
