//! Tools, as those see them who call them, guard them, and answer for them.

mod calls;

use atoms::BusBuilder;
use atoms::prelude::*;

/// A bus to be, without the tools and hooks of all the other tests.
fn bus() -> BusBuilder {
    Bus::builder().without_discovery()
}
