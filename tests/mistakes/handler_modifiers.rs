use atoms::prelude::*;

#[event(type = "shop.a")]
struct OrderCreated;

#[handler]
fn generic<T: Send>(_: &OrderCreated) {}

#[handler]
fn borrowed<'a>(_: &'a OrderCreated) {}

#[handler]
fn by_impl(_: &OrderCreated, _: impl Send) {}

#[handler]
const fn at_compile_time(_: &OrderCreated) {}

#[handler]
unsafe fn not_safe(_: &OrderCreated) {}

#[handler]
extern "C" fn foreign(_: &OrderCreated) {}

#[handler]
struct NoFunction;

fn main() {}
