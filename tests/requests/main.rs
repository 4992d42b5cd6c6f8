//! Requests: what comes back, what does not, and what else a request brings about.

mod chains;
mod errors;
mod observed;
mod options;
mod replies;
mod retries;
mod stand_ins;

#[path = "../log/mod.rs"]
mod log;

use atoms::{Bus, BusBuilder};

use log::Log;

/// A bus to be, without the handlers of all the other tests.
fn bus() -> BusBuilder {
    Bus::builder().without_discovery()
}
