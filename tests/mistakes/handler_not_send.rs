use std::rc::Rc;

use atoms::prelude::*;

#[event(type = "shop.a")]
struct OrderCreated;

#[handler]
async fn holds_rc(_: &OrderCreated) {
    let counted = Rc::new(5);
    std::future::ready(()).await;
    println!("{counted}");
}

fn main() {}
