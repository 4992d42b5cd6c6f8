#![allow(unused_variables)]

use atoms::prelude::*;
use atoms::tools::{Call, ToolCall, Verdict};

#[tool]
fn refund(order_id: String) {}

#[hook(before, detached)]
fn limit(call: &Call<refund>) -> Verdict<refund> {
    Verdict::Allow
}

#[hook(before, detached)]
async fn in_a_result(call: &ToolCall) -> Result<Verdict, String> {
    Ok(Verdict::Allow)
}

type Answer = Verdict;

#[hook(before, detached)]
fn by_another_name(call: &ToolCall) -> Answer {
    Verdict::Allow
}

#[hook(before, detached)]
fn changes(call: &mut ToolCall) {}

fn main() {}
