#![allow(unused_variables)]

use atoms::prelude::*;
use atoms::tools::{Call, ToolCall, ToolDone, Verdict};

#[tool]
fn refund(order_id: String) {}

#[hook]
fn at_no_time(call: &mut ToolCall) -> Verdict {
    Verdict::Allow
}

#[hook(before, after)]
fn always(call: &mut ToolCall) -> Verdict {
    Verdict::Allow
}

#[hook(befor)]
fn misspelt(call: &mut ToolCall) -> Verdict {
    Verdict::Allow
}

#[hook(refund)]
fn with_the_name_of_the_tool(call: &mut Call<refund>) -> Verdict<refund> {
    Verdict::Allow
}

#[hook(after, order = 1, order = 2)]
fn ordered_twice(done: &mut ToolDone) {}

#[hook(after, throttle = "5s")]
fn unknown(done: &mut ToolDone) {}

#[hook(before, timeout = "2s")]
fn not_async(call: &mut ToolCall) -> Verdict {
    Verdict::Allow
}

#[hook(before, tools = "shop_*")]
fn of_one_tool(call: &mut Call<refund>) -> Verdict<refund> {
    Verdict::Allow
}

#[hook(before, tools = "shop.*", sender = "")]
fn of_no_tool(call: &mut ToolCall) -> Verdict {
    Verdict::Allow
}

#[hook(before)]
#[hook(after)]
fn twice(call: &mut ToolCall) -> Verdict {
    Verdict::Allow
}

#[hook(before)]
#[tool]
fn of_two_kinds(call: &mut ToolCall) -> Verdict {
    Verdict::Allow
}

fn main() {}
