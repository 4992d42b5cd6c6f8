//! One error for each of the two: what uses the tool and the hook is right.

#![allow(unused_variables)]

use atoms::prelude::*;
use atoms::tools::{Call, Done, ToolCall, Verdict};

/// With all that may stand on a function.
#[tool(approve = "manager", read_only)]
#[allow(unused_variables)]
pub fn refund(
    /// The order.
    order_id: String,
    #[tool(default = 5, sensitive)] cents: u64,
    database: State<u8>,
) -> Result<u64, String> {
    Ok(cents)
}

#[hook(before, ordr = 1)]
fn limit(call: &mut Call<refund>, _: Context) -> Verdict<refund> {
    if call.args.cents > 10_000 { Verdict::deny("too much") } else { Verdict::Allow }
}

#[hook(after)]
fn see(done: &mut Done<refund>) {}

#[hook(before)]
fn any(_: &mut ToolCall) -> Verdict {
    Verdict::Allow
}

async fn call(bus: &Bus) {
    let _ = refund::call(bus, RefundArgs { order_id: "o-1".into(), cents: 5 }).await;
}

fn main() {}
