use atoms::prelude::*;

#[event(type = "shop.order.created")]
struct OrderCreated {
    cents: u64,
}

#[event(type = "shop.order.deleted")]
struct OrderDeleted;

#[handler(when = number)]
fn returns_a_number(_: &OrderCreated) {}

fn number(order: &OrderCreated) -> u64 {
    order.cents
}

#[handler(when = deleted)]
async fn takes_another_event(_: &OrderCreated) {}

fn deleted(_: &OrderDeleted) -> bool {
    true
}

#[handler(when = owned)]
fn takes_a_value(_: OrderCreated) {}

fn owned(_: OrderCreated) -> bool {
    true
}

#[handler(when = plain)]
fn takes_no_envelope(_: &Envelope<OrderCreated>) {}

fn plain(_: &OrderCreated) -> bool {
    true
}

#[handler(when = missing)]
fn is_not_there(_: &OrderCreated) {}

fn main() {}
