use atoms::prelude::*;

struct Receipt;

#[event(type = "shop.order.created")]
struct OrderCreated;

#[handler]
fn one(_: &OrderCreated) -> Receipt {
    Receipt
}

#[handler]
async fn text(_: &OrderCreated) -> String {
    String::new()
}

#[handler]
fn some(_: &OrderCreated) -> Option<Receipt> {
    None
}

#[handler]
async fn in_a_result(_: &OrderCreated) -> Result<Vec<Receipt>, std::io::Error> {
    Ok(vec![])
}

#[handler]
fn no_error(_: &OrderCreated) -> Result<(), Receipt> {
    Ok(())
}

#[handler]
async fn never(_: &OrderCreated) -> ! {
    std::future::pending().await
}

#[handler]
fn hidden(_: &OrderCreated) -> impl Event {
    OrderCreated
}

#[handler]
fn borrowed(order: &OrderCreated) -> &OrderCreated {
    order
}

fn main() {}
