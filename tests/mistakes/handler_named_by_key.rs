//! Keys of other frameworks, and the event as a key.

use atoms::prelude::*;

#[event(name = "shop.order.created")]
struct OrderCreated;

#[event(type = "shop.order.paid")]
struct OrderPaid;

#[handler(OrderPaid)]
fn by_event(_: &OrderPaid) {}

#[handler(event = OrderPaid)]
fn by_key(_: &OrderPaid) {}

#[handler(priority = 3)]
fn by_priority(_: &OrderPaid) {}

#[handler(topic = "shop.*")]
fn by_topic(_: &AnyEvent) {}

#[request(type = "shop.quote.get", response = u64)]
struct GetQuote;

#[derive(Default)]
struct Desk;

#[node("desk")]
impl Desk {
    #[handler]
    fn see(&mut self, _: &atoms::agent::events::UserJoined) {}
}

fn main() {}
