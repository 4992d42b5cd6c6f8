//! Depends on `unit_tested`, whose unit tests depend on this.

use atoms::prelude::*;
pub use unit_tested;
use unit_tested::Created;

#[handler]
fn handle(_: &Created) {}

/// Whether the event is handled here.
pub fn handles(event: &Created) -> bool {
    let bus = Bus::builder().without_discovery().handler::<handle>().start();
    bus.is_ok_and(|bus| run::run(bus.emit(event.clone())).is_ok())
}
