use std::time::Duration;

use atoms::prelude::*;

#[event(type = "shop.order.created")]
struct OrderCreated;

const NEVER: Duration = Duration::ZERO;
const SECONDS: u64 = 5;
const ONCE: u32 = 1;
const PATTERN: &str = "Shop.*";

#[handler(timeout = NEVER)]
async fn no_time(_: &OrderCreated) {}

#[handler(timeout = SECONDS)]
async fn no_duration(_: &OrderCreated) {}

#[handler(timeout = UNKNOWN)]
async fn unknown(_: &OrderCreated) {}

#[handler(retry(attempts = ONCE))]
async fn once(_: &OrderCreated) -> Result<(), String> {
    Ok(())
}

#[handler(retry(delay = Duration::from_secs(60)))]
async fn longer_than_the_default(_: &OrderCreated) -> Result<(), String> {
    Ok(())
}

#[handler(pattern = PATTERN)]
fn no_pattern(_: &AnyEvent) {}

fn main() {}
