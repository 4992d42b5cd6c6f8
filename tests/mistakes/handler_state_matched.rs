//! A state is no tuple: its field is not public, and it derefs to the value.

use atoms::prelude::*;

struct Database;

#[event(type = "shop.order.created")]
struct OrderCreated;

#[handler]
fn matched(_: &OrderCreated, State(_database): State<Database>) {}

fn main() {}
