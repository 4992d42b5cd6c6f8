//! What makes events dependable: posting, retries, dead letters, interceptors, an orderly end.

mod dead_letters;
mod delayed;
mod interceptors;
mod keys;
mod options;
mod posting;
mod shutdown;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use atoms::{Bus, BusBuilder};

/// A deadline that is not meant to be reached.
const SOON: Duration = Duration::from_secs(10);

/// What happened, in the order in which it did.
#[derive(Debug, Default)]
struct Log(Mutex<Vec<String>>);

impl Log {
    fn add(&self, line: impl Into<String>) {
        self.0.lock().unwrap().push(line.into());
    }

    /// The lines so far, which are taken out.
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

/// A bus to be, without the handlers of all the other tests, and its log.
fn bus() -> (BusBuilder, Arc<Log>) {
    let log = Arc::new(Log::default());
    (Bus::builder().without_discovery().shared_state(log.clone()), log)
}
