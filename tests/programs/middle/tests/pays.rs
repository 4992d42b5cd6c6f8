//! A test with a handler of its own, on a bus without any other.

use atoms::prelude::*;
use shop::{OrderCreated, OrderPaid};

#[handler]
fn book(_: &OrderPaid) {}

#[test]
fn an_order_is_paid_and_booked() {
    let bus = Bus::builder().without_discovery().handler::<middle::pay>().handler::<book>().start().unwrap();
    run::run(bus.emit(OrderCreated { order_id: "o-1".into() })).into_result().unwrap();
    assert_eq!(run::run(middle::rebate(&bus)), None);
}
