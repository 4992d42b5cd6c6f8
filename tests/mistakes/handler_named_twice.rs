//! Two handlers and two hooks of one name in a module.

use atoms::prelude::*;
use atoms::tools::{ToolCall, Verdict};

#[event(type = "shop.order.created")]
struct OrderCreated {}

#[handler]
fn confirm(_: &OrderCreated) {}

#[handler]
fn confirm(_: &OrderCreated) {}

#[hook(before)]
fn look(_: &mut ToolCall) -> Verdict {
    Verdict::Allow
}

#[hook(before)]
pub fn look(_: &mut ToolCall) -> Verdict {
    Verdict::Allow
}

fn main() {
    let _ = Bus::builder().handler::<confirm>();
}
