//! The testing kit, as the tests of a program use it.

mod deliveries;
mod left_out;
mod recordings;

use atoms::{Bus, BusBuilder};

/// A bus to be, without the handlers of all the other tests.
fn bus() -> BusBuilder {
    Bus::builder().without_discovery()
}

/// The text of the panic of an assertion that fails.
fn failure<R>(assertion: impl FnOnce() -> R) -> String {
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(assertion)).map(drop).unwrap_err();
    atoms::panic_message(panic)
}
