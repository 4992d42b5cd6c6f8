//! Depends on `unit_tested`, whose unit tests depend on this.

use atoms::prelude::*;
use atoms::testing::StandIn;
pub use unit_tested;
use unit_tested::{Answered, Created};

#[handler]
fn handle(_: &Created) {}

/// Whether the event is handled here.
pub fn handles(event: &Created) -> bool {
    let bus = Bus::builder().without_discovery().handler::<handle>().start();
    bus.is_ok_and(|bus| run::run(bus.emit(event.clone())).is_ok())
}

/// Asked here.
#[request(type = "unit.asked", reply = u64)]
pub struct Asked {}

/// Answered here, too, while a unit test of `unit_tested` has an answer of its own.
#[handler]
fn answer_asked(_: &Asked) -> u64 {
    9
}

/// Asks the request of the crate as it is without its tests.
pub fn ask() -> u64 {
    let bus = Bus::builder().stand_in(|_: &Answered| 7).without_discovery().start();
    bus.ok().and_then(|bus| run::run(bus.request(Answered {})).ok()).unwrap_or_default()
}
