use atoms::prelude::*;

#[handler(pattern = "Shop.Order.*")]
fn capital(_: &AnyEvent) {}

#[handler(pattern = "shop.order*")]
fn part_of_a_segment(_: &AnyEvent) {}

#[handler(pattern = "shop.**.created")]
fn not_at_the_end(_: &AnyEvent) {}

#[handler(pattern = "shop.#")]
fn of_a_broker(_: &AnyEvent) {}

#[handler(pattern = "")]
fn empty(_: &AnyEvent) {}

#[handler(pattern = 7)]
fn not_a_literal(_: &AnyEvent) {}

fn main() {
    let _ = atoms::Bus::builder().handler::<capital>().handler::<empty>();
}
