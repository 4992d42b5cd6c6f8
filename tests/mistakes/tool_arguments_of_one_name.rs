#![allow(unused_variables)]

use atoms::prelude::*;

#[tool]
fn refund(order_id: String, order_id: u64) {}

#[tool]
fn raw(order_id: String, r#order_id: u64) {}

fn main() {}
