use atoms::prelude::*;

#[event(type = "shop.a")]
struct OrderCreated;

#[handler(ordr = 5)]
fn misspelled(_: &OrderCreated) {}

#[handler(order = "first")]
fn no_number(_: &OrderCreated) {}

#[handler(order = 5, order = 6)]
fn twice(_: &OrderCreated) {}

#[handler(allow_cycle = true)]
fn flag_with_value(_: &OrderCreated) {}

#[handler(sometimes(5))]
fn unknown(_: &OrderCreated) {}

#[handler(order = 99999999999)]
fn too_large(_: &OrderCreated) {}

fn main() {
    let _ = Bus::builder().handler::<misspelled>();
}
