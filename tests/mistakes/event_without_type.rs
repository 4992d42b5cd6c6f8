use atoms::prelude::*;

#[event]
struct OrderCreated;

#[event(must_handle)]
struct OrderPacked {}

#[derive(Debug, Clone, atoms::serde::Serialize, atoms::serde::Deserialize, Event)]
#[serde(crate = "atoms::serde")]
struct OrderSent {}

#[derive(Debug, Clone, atoms::serde::Serialize, atoms::serde::Deserialize, Event)]
#[serde(crate = "atoms::serde")]
#[event(must_handle)]
struct OrderReturned {}

fn main() {}
