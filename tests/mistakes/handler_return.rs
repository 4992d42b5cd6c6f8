use atoms::prelude::*;

#[event(type = "shop.a")]
struct OrderCreated;

struct Plain;

#[handler]
fn number(_: &OrderCreated) -> u32 {
    5
}

#[handler]
async fn plain(_: &OrderCreated) -> Option<Plain> {
    None
}

#[handler]
fn result_of_plain(_: &OrderCreated) -> Result<Plain, String> {
    Ok(Plain)
}

#[handler]
fn error_that_is_none(_: &OrderCreated) -> Result<(), Plain> {
    Ok(())
}

#[handler]
fn opaque(_: &OrderCreated) -> impl Event {
    OrderCreated
}

fn main() {}
