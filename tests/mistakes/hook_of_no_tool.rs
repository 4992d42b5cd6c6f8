#![allow(unused_variables)]

use atoms::prelude::*;
use atoms::tools::{Call, Done, Verdict};

#[event(type = "shop.order.created")]
struct OrderCreated;

#[handler]
fn confirm(_: &OrderCreated) {}

struct NoTool;

#[hook(before)]
fn of_a_handler(call: &mut Call<confirm>) -> Verdict<confirm> {
    Verdict::Allow
}

#[hook(after)]
fn of_a_struct(done: &mut Done<NoTool>) {}

#[hook(before)]
fn of_an_event(order: &OrderCreated) -> Verdict {
    Verdict::Allow
}

#[hook(after)]
fn of_an_event_by_value(order: OrderCreated) {}

#[hook(before)]
fn of_nothing() -> Verdict {
    Verdict::Allow
}

fn main() {}
