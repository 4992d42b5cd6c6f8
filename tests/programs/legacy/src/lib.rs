//! An event whose type string `shop` has as well.

use atoms::prelude::*;

/// Not `shop::OrderCreated`.
#[event(type = "shop.order.created")]
pub struct Order {}
