use atoms::prelude::*;

#[event(type = "shop.order.created")]
struct OrderCreated;

#[handler(retry(attemps = 5))]
fn misspelt(_: &OrderCreated) -> Result<(), String> {
    Ok(())
}

#[handler(retry(attempts = 1))]
fn once(_: &OrderCreated) -> Result<(), String> {
    Ok(())
}

#[handler(retry(attempts = 5_000_000_000, backoff = "linear"))]
fn two_mistakes(_: &OrderCreated) -> Result<(), String> {
    Ok(())
}

#[handler(retry(delay = "1m", max_delay = "30s"))]
fn too_long(_: &OrderCreated) -> Result<(), String> {
    Ok(())
}

#[handler(retry(delay = "1m"))]
fn longer_than_the_default(_: &OrderCreated) -> Result<(), String> {
    Ok(())
}

#[handler(retry(max_delay = "50ms"))]
fn shorter_than_the_default(_: &OrderCreated) -> Result<(), String> {
    Ok(())
}

#[handler(retry(backoff = "fixed", max_delay = "30s"))]
fn no_growth(_: &OrderCreated) -> Result<(), String> {
    Ok(())
}

#[handler(retry(jitter, jitter))]
fn repeated(_: &OrderCreated) -> Result<(), String> {
    Ok(())
}

#[handler(retry(5))]
fn no_key(_: &OrderCreated) -> Result<(), String> {
    Ok(())
}

#[handler(retry = 5)]
fn no_list(_: &OrderCreated) -> Result<(), String> {
    Ok(())
}

fn main() {
    let _ = atoms::Bus::builder().handler::<misspelt>().handler::<no_list>();
}
