#![allow(unused_variables)]

use atoms::prelude::*;

#[tool(name = "shop.refund")]
fn with_a_dot(order_id: String) {}

#[tool(name = "")]
fn empty(order_id: String) {}

#[tool(name = refund)]
fn no_literal(order_id: String) {}

#[tool]
fn überweisen(order_id: String) {}

#[tool]
fn a_name_that_is_much_longer_than_the_sixty_four_characters_that_models_accept(order_id: String) {}

fn main() {}
