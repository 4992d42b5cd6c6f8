//! Gives the macros that name symbols the name of a function that the program needs.

use atoms::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Allocated {}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Allocate {}

atoms::__event!(Allocated, "malloc", deny_unknown_fields: false, sensitive: [], must_handle: true);
atoms::__event!(Allocate, "free", deny_unknown_fields: false, sensitive: [], reply: u64);

#[handler]
fn allocated(_: &Allocated) {}

#[handler]
fn allocate(_: &Allocate) -> u64 {
    7
}

fn main() {
    let bus = Bus::start().unwrap();
    run::run(bus.emit(Allocated {})).into_result().unwrap();
    println!("{}", run::run(bus.request(Allocate {})).unwrap());
}
