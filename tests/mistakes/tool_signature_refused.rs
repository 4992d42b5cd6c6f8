#![allow(unused_variables)]

use std::borrow::Cow;
use std::path::Path;

use atoms::prelude::*;

struct Database;

#[tool]
fn generic<T>(value: T) {}

#[tool]
fn lifetime<'a>(order_id: &'a str) {}

#[tool]
fn text(order_id: &str) {}

#[tool]
fn list(ids: Vec<&str>, lines: &[u32], path: &'static Path, name: Cow<'_, str>) {}

#[tool]
fn hidden(values: impl Iterator<Item = u8>) -> impl Sized {}

#[tool]
const fn constant(count: u8) {}

#[tool]
unsafe fn unchecked(count: u8) {}

#[tool]
extern "C" fn foreign(count: u8) {}

#[tool]
fn taken_apart((street, number): (String, u8), _: u64) {}

#[tool]
fn by_reference(order_id: String, database: &State<Database>, #[extract] other: &Database) {}

#[tool]
fn in_the_future(order_id: String) -> impl Future<Output = u8> {
    async { 1 }
}

#[tool]
fn never(order_id: String) -> ! {
    panic!()
}

#[tool]
fn borrows(order_id: String) -> Cow<'_, str> {
    order_id.into()
}

#[tool]
fn static_text(order_id: String) -> Result<&'static str, &'static str> {
    Ok("paid")
}

#[tool]
fn behind_cfg(order_id: String, #[cfg(all())] count: u8) {}

struct Desk;

impl Desk {
    #[tool]
    fn refund(&self, order_id: String) {}
}

#[tool]
struct NoFunction;

fn main() {}
