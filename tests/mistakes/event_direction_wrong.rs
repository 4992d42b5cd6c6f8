//! `from` and `to` with somebody whom nobody knows, or with nobody at all.

use atoms::prelude::*;

#[event(type = "shop.cart.shown", from(clients), to)]
struct CartShown;

#[event(type = "shop.cart.left", to = client, from(client, client))]
struct CartLeft;

#[event(type = "shop.cart.full", from(), interruptible = true)]
struct CartFull;

fn main() {}
