//! Does not build: two events have one type string.

use atoms::prelude::*;

/// One.
#[event(type = "shop.order.lost")]
pub struct OrderLost {}

/// Another.
#[event(type = "shop.order.lost")]
pub struct OrderMissing {}
