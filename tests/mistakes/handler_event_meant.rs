//! The event is named by its struct: not by the trait of all events, nor as text.

use atoms::prelude::*;

#[handler]
fn of_the_trait(_: &Event) {}

#[handler]
fn of_any(_: &dyn Event) {}

#[handler]
async fn of_anything(_: &(dyn std::any::Any + Send)) {}

#[handler]
fn of_text(_: &str) {}

#[handler]
fn of_bytes(_: &[u8]) {}

#[handler]
fn of_nothing() {}

#[event(type = "shop.order.created")]
struct OrderCreated;

#[handler]
fn returns_any(order: &OrderCreated) -> Vec<Box<dyn Event>> {
    vec![Box::new(order.clone())]
}

#[handler]
fn emits_any(_: &OrderCreated, _: Emitter<dyn Event>) {}

#[derive(Default)]
struct Desk;

#[node]
impl Desk {
    #[handler]
    fn of_the_trait(&mut self, _: &Event) {}
}

#[derive(Default)]
struct Log;

#[node]
impl Log {
    #[handler]
    fn of_any(&mut self, _: &dyn Event) {}
}

fn main() {}
