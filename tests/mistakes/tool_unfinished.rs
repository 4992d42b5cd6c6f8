#![allow(unused)]

use atoms::prelude::*;
use atoms::tools::{Call, Done, Verdict};

#[tool]
fn refund(
    /// The order.
    order_id: String,
    #[tool(default = 5)] cents:,
) -> u64 {
    cents
}

#[tool]
fn unfinished_body(order_id: String) -> u64 {
    order_id.
}

#[tool]
fn without_body(order_id: String);

#[hook(before)]
fn limit(call: &mut Call<refund>) -> Verdict<refund> {
    call.
}

#[hook(after)]
fn see(done: &mut Done<) {}

#[tool]
fn unknown_type(to: Vec<Adress>, #[extract] from: Tenat) -> Adress {}

#[hook(before)]
fn unknown_tool(call: &mut Call<refnd>) -> Verdict<refnd> {
    Verdict::Allow
}

fn main() {}
