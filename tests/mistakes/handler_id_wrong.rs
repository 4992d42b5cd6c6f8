use atoms::prelude::*;

#[event(type = "shop.order.created")]
struct OrderCreated;

#[handler(id = "")]
fn empty(_: &OrderCreated) {}

#[handler(id = "billing\nmail")]
fn with_a_control_character(_: &OrderCreated) {}

#[handler(id = "billing.mail.billing.mail.billing.mail.billing.mail.billing.mail.billing.mail.billing.mail.billing.mail.billing.mail.billing.mail.billing.mail.billing.mail.billing.mail.billing.mail.billing.mail.billing.mail.billing.mail.billing.mail.billing.mail.billing.mail")]
fn too_long(_: &OrderCreated) {}

#[handler(id = "billing.mail", id = "billing.letter")]
fn twice(_: &OrderCreated) {}

#[handler(id = 7)]
fn not_a_literal(_: &OrderCreated) {}

#[handler(was = [])]
fn was_nothing(_: &OrderCreated) {}

#[handler(was = ["shop::mail", 5])]
fn was_a_number(_: &OrderCreated) {}

#[handler(id = "billing.mail", was = ["shop::mail", "shop::mail", "billing.mail"])]
fn was_twice(_: &OrderCreated) {}

fn main() {
    let _ = atoms::Bus::builder().handler::<empty>().handler::<was_twice>();
}
