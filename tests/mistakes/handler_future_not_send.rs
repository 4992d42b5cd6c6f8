use std::rc::Rc;

use atoms::prelude::*;

#[event(type = "shop.order.created")]
struct OrderCreated;

#[handler]
async fn confirm(_: &OrderCreated, _: Context) {
    let shared = Rc::new(5);
    std::future::ready(()).await;
    drop(shared);
}

fn main() {}
