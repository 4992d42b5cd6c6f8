//! Agents, as those see them who start them, and watch them.

mod document;
mod prompted;
mod started;

#[path = "../log/mod.rs"]
mod log;

use std::sync::Arc;
use std::time::Duration;

use atoms::BusBuilder;
use atoms::prelude::*;

use log::Log;

/// A deadline that is not meant to be reached.
const SOON: Duration = Duration::from_secs(10);

/// A bus to be, without the agents and tools of the other tests, and its log.
fn bus() -> (BusBuilder, Arc<Log>) {
    let log = Arc::<Log>::default();
    (Bus::builder().without_discovery().shared_state(log.clone()), log)
}
