//! A test without a handler: it links, and its bus says what is missing.

use atoms::prelude::*;
use middle as _;

#[test]
fn a_bus_asks_for_the_handler() {
    let error = Bus::start().unwrap_err().to_string();
    assert!(error.contains("`shop.order.paid` must be handled"), "{error}");
    assert!(error.contains("atoms::testing::handled!(shop::OrderPaid);"), "{error}");
}
