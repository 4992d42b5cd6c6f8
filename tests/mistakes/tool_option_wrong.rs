#![allow(unused_variables)]

use atoms::prelude::*;

#[tool(tiemout = "2s")]
async fn misspelt(order_id: String) {}

#[tool(throttle = "5s")]
fn unknown(order_id: String) {}

#[tool(timeout = "2s")]
fn not_async(order_id: String) {}

#[tool(timeout = 5, concurrency = 0)]
async fn two_mistakes(order_id: String) {}

#[tool(approve = "manager", read_only)]
fn nothing_to_approve(order_id: String) {}

#[tool(approve = "")]
fn by_nobody(order_id: String) {}

#[tool(approve)]
fn by_anybody(order_id: String) {}

#[tool(read_only = true, args = "RefundArgs")]
fn values(order_id: String) {}

#[tool(sensitive)]
fn misplaced(order_id: String, #[tool(read_only)] card: String) {}

#[tool]
fn on_what_is_extracted(order_id: String, #[tool(default = Context)] context: Context, #[tool(sensitive)] #[extract] other: Context) {}

#[tool]
fn marked_twice(#[arg] #[extract] context: Context, #[arg(always)] order_id: String, #[tool] card: String) {}

#[tool(description = "Says hello.")]
fn described(name: String) {}

#[tool]
fn with_attributes_of_fields(#[serde(default)] card: String, #[schemars(range(min = 1))] cents: u64) {}

#[tool]
#[tool]
fn twice(order_id: String) {}

fn main() {
    // The tools are still there.
    misspelt(String::new());
    unknown(String::new());
}
