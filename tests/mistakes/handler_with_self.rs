//! H7: `&mut self` outside of a node.

use atoms::prelude::*;

#[event(type = "shop.order.created")]
struct OrderCreated;

struct Shop;

impl Shop {
    #[handler]
    fn confirm(&mut self, _: &OrderCreated) {}
}

fn main() {}
