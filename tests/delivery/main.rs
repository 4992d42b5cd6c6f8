//! What makes events dependable: posting, retries, dead letters, layers, an orderly end.

mod alerts;
mod backlog_runtimes;
mod backlogs;
mod checked_posts;
mod configured;
mod dead_letters;
mod delayed;
mod detached;
mod elsewhere;
mod emit_layers;
mod first_polls;
mod follow_ups_posted;
mod held;
mod inherited;
mod interceptors;
mod keys;
mod layers;
mod lent;
mod letter_stores;
mod lost;
mod options;
mod outside;
mod post_receipts;
mod posting;
mod receive_once;
mod room;
mod runtimes;
mod shutdown;
mod untaken;

#[path = "../faulty/mod.rs"]
mod faulty;
#[path = "../log/mod.rs"]
mod log;

use std::sync::Arc;
use std::time::Duration;

use atoms::{Bus, BusBuilder};

use log::Log;

/// A deadline that is not meant to be reached.
const SOON: Duration = Duration::from_secs(10);

/// A bus to be, without the handlers of all the other tests, and its log.
fn bus() -> (BusBuilder, Arc<Log>) {
    let log = Arc::new(Log::default());
    (Bus::builder().without_discovery().shared_state(log.clone()), log)
}
