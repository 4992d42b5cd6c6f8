#![allow(unused_variables)]

use atoms::prelude::*;
use atoms::tools::{Call, Done, ToolCall, ToolDone, Verdict};

#[tool]
fn refund(order_id: String) {}

#[hook(after)]
fn of_the_tool(call: &mut Call<refund>) {}

#[hook(after, tools = "*")]
async fn of_any_tool(call: &mut ToolCall) {}

#[hook(before)]
fn too_early(done: &mut Done<refund>) -> Verdict<refund> {
    Verdict::Allow
}

#[hook(before)]
fn of_any_tool_too_early(done: &mut ToolDone) -> Verdict {
    Verdict::Allow
}

#[hook(after)]
fn vetoes(done: &mut Done<refund>) -> Verdict<refund> {
    Verdict::Allow
}

fn main() {}
