use atoms::prelude::*;

#[event(type = "shop.order.created")]
struct OrderCreated;

#[handler(ordre = 1)]
fn misspelt(_: &OrderCreated) {}

#[handler(timeout = "5x", retry(attempts = 0))]
fn unknown(_: &OrderCreated) {}

#[handler(order = 1, order = 2)]
fn repeated(_: &OrderCreated) {}

#[handler(order = "first")]
fn text(_: &OrderCreated) {}

#[handler(order = 3_000_000_000)]
fn too_large(_: &OrderCreated) {}

#[handler(allow_cycle = true, order)]
fn flags(_: &OrderCreated) {}

#[handler("first")]
fn no_key(_: &OrderCreated) {}

fn main() {
    // The handlers are still there.
    let _ = atoms::Bus::builder().handler::<misspelt>().handler::<text>();
    unknown(&OrderCreated);
}
