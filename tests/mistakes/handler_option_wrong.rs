use atoms::prelude::*;

#[event(type = "shop.order.created")]
struct OrderCreated;

#[handler(ordre = 1)]
fn misspelt(_: &OrderCreated) {}

#[handler(throttle = "5s")]
fn unknown(_: &OrderCreated) {}

#[handler(timeout = "5x", retry(attempts = 0))]
async fn two_mistakes(_: &OrderCreated) {}

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

#[handler(timeout = 5)]
async fn no_unit(_: &OrderCreated) {}

#[handler(timeout = "0s")]
async fn no_time(_: &OrderCreated) {}

#[handler(timeout = "500us")]
async fn too_short(_: &OrderCreated) {}

#[handler(concurrency = 0, detached = true)]
fn never(_: &OrderCreated) {}

#[handler(when = |order| true)]
fn closure(_: &OrderCreated) {}

fn main() {
    // The handlers are still there.
    let _ = atoms::Bus::builder().handler::<misspelt>().handler::<text>();
    unknown(&OrderCreated);
}
