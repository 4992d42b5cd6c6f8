//! A payload of nested structs and enums, in a crate that depends on nothing but `atoms`.

use atoms::prelude::*;
use atoms::serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(crate = "atoms::serde")]
struct Address {
    street: String,
    kind: Kind,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(crate = "atoms::serde", rename_all = "snake_case")]
enum Kind {
    Home,
    Work { floor: i32 },
}

#[event(type = "plain.moved")]
struct Moved {
    to: Vec<Address>,
    #[serde(default)]
    from: Option<Address>,
}

#[handler]
fn note(moved: &Moved) {
    let home = Address { street: "Elm".into(), kind: Kind::Home };
    let work = Address { street: "Oak".into(), kind: Kind::Work { floor: 3 } };
    assert_eq!(moved.to, [home, work]);
    assert_eq!(moved.from, None);
}

fn main() {
    let bus = Bus::start().unwrap();
    let frame = br#"{"type":"plain.moved","to":[{"street":"Elm","kind":"home"},{"street":"Oak","kind":{"work":{"floor":3}}}]}"#;
    let receipt = run::run(bus.receive(frame)).unwrap();
    assert!(!receipt.is_unhandled());
    receipt.into_result().unwrap();
}
