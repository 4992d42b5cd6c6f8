#![allow(unused_variables)]

use atoms::prelude::*;

#[tool]
fn refund(#[tool(default = 5)] order_id: String, #[tool(default = "all")] cents: Option<u64>) {}

#[tool]
fn without_value(#[tool(default)] cents: u64) {}

fn main() {}
