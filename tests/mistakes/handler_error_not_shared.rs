use std::error::Error;

use atoms::prelude::*;

#[event(type = "shop.order.created")]
struct OrderCreated;

#[handler]
fn confirm(_: &OrderCreated) -> Result<(), Box<dyn Error>> {
    Ok(())
}

#[handler]
fn pack(_: &OrderCreated) -> impl Future<Output = ()> {
    async {}
}

fn main() {}
