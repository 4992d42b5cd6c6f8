//! Knows requests that nobody answers, decodes them, and links functions that would ask them, but asks none.

use atoms::prelude::*;
use shop::GetRebate;

/// Nobody calls it.
#[allow(dead_code)]
fn ask_later(bus: &Bus) -> u64 {
    run::run(shop::rebate(bus))
}

fn main() {
    let bus = Bus::start().unwrap();
    let ask = bus.decode(br#"{"type":"shop.rebate.get"}"#).unwrap();
    assert!(ask.is::<GetRebate>());
    assert!(run::run(bus.emit_any(&ask)).is_unhandled());
    drop(bus.on::<GetRebate>(|_| ()));
}
