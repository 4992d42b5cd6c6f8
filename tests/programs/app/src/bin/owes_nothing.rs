//! Decodes events that must be handled, and links functions that would emit them, but emits none.

use atoms::prelude::*;
use shop::{OrderCreated, OrderPaid};

/// Nobody calls it.
#[allow(dead_code)]
fn pay_later(bus: &Bus) -> bool {
    run::run(shop::pay(bus)).is_ok()
}

/// Nobody instantiates it.
#[allow(dead_code)]
fn pay_like<T: Into<OrderPaid>>(bus: &Bus, payment: T) -> bool {
    run::run(bus.emit(payment.into())).is_ok()
}

fn main() {
    let bus = Bus::start().unwrap();
    let paid = bus.decode(br#"{"type":"shop.order.paid","order_id":"o-1"}"#).unwrap();
    assert!(paid.is::<OrderPaid>());
    assert!(run::run(bus.emit_any(&paid)).is_unhandled());
    drop(bus.on::<OrderPaid>(|_| ()));
    drop(run::run(shop::pass_on(&bus, OrderCreated { order_id: "o-1".into() })));
}
