#![allow(unused_variables)]

use std::time::Duration;

use atoms::prelude::*;

const NEVER: Duration = Duration::ZERO;
const SECONDS: u64 = 5;
const NONE: usize = 0;
const FIRST: &str = "first";

#[tool(timeout = NEVER)]
async fn no_time(order_id: String) {}

#[tool(timeout = SECONDS)]
async fn no_duration(order_id: String) {}

#[tool(concurrency = NONE)]
fn no_call(order_id: String) {}

#[tool(timeout = UNKNOWN)]
async fn unknown(order_id: String) {}

#[hook(after, timeout = Duration::from_secs(0))]
async fn at_once(done: &mut ToolDone) {}

#[hook(after, order = FIRST)]
fn ordered(done: &mut ToolDone) {}

fn main() {}
