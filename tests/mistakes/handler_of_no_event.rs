use atoms::prelude::*;

struct OrderCreated;

#[handler]
fn by_reference(_: &OrderCreated) {}

#[handler]
fn by_value(_: OrderCreated) {}

#[handler]
async fn in_its_envelope(_: &Envelope<OrderCreated>) {}

#[handler]
async fn text(_: String) {}

#[handler]
fn state_first(_: State<String>, _: &OrderCreated) {}

fn main() {}
