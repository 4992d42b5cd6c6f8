#![allow(unused_variables)]

use atoms::prelude::*;
use atoms::tools::{Call, ToolCall, ToolDone, Verdict};

struct Database;

#[tool]
fn refund(order_id: String) {}

#[hook(after)]
fn generic<T>(done: &mut ToolDone, value: T) {}

#[hook(before)]
fn by_value(call: Call<refund>) -> Verdict<refund> {
    Verdict::Allow
}

#[hook(after)]
fn not_extracted(done: &mut ToolDone, database: Database) {}

#[hook(after)]
fn by_reference(done: &mut ToolDone, database: &State<Database>) {}

#[hook(before)]
fn hidden(call: &mut ToolCall) -> impl Sized {}

#[hook(after)]
unsafe fn unchecked(done: &mut ToolDone) {}

struct Desk;

impl Desk {
    #[hook(after)]
    fn audit(&self, done: &mut ToolDone) {}
}

#[hook(after)]
struct NoFunction;

fn main() {}
