//! Does not build: serde reads no `Arc` without its feature `rc`.

use std::sync::Arc;

use atoms::prelude::*;

#[event(type = "shop.order.named")]
struct OrderNamed {
    name: Arc<str>,
}

fn main() {}
