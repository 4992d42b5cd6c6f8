//! What a running bus does, as its users see it.

mod causation;
mod dynamic;
mod dynamic_events;
mod failures;
mod follow_ups;
mod lifecycle;
mod order;
mod panics;
mod seams;
mod signatures;
mod streams;

#[path = "../log/mod.rs"]
mod log;

use std::time::Duration;

use atoms::{Bus, BusBuilder};

use log::Log;

/// A deadline that is not meant to be reached.
const SOON: Duration = Duration::from_secs(10);

/// A bus to be, without the handlers of all the other tests.
fn bus() -> BusBuilder {
    Bus::builder().without_discovery()
}
