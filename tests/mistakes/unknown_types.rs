//! A type that is not there is told of once.

use atoms::prelude::*;

#[event(type = "shop.order.created")]
struct OrderCreated {
    address: Address,
}

#[handler]
fn confirm(_: &OrderConfirmed) {}

#[handler]
async fn pack(_: &OrderCreated, _: State<Database>) -> OrderPacked {}

fn main() {}
