#![allow(unused_variables)]

use atoms::prelude::*;
use atoms::tools::{Call, ToolCall, Verdict};

#[tool]
fn refund(order_id: String) {}

#[tool]
fn cancel(order_id: String) {}

#[hook(before)]
fn limit(call: &mut Call<refund>) {}

#[hook(before)]
async fn of_any_tool(call: &mut ToolCall) -> () {}

#[hook(before)]
fn a_result_of_nothing(call: &mut Call<refund>) -> Result<(), String> {
    Ok(())
}

#[hook(before)]
fn a_bool(call: &mut ToolCall) -> bool {
    true
}

#[hook(before)]
fn of_another_tool(call: &mut Call<refund>) -> Verdict<cancel> {
    Verdict::Allow
}

fn main() {}
