//! What a running bus does, as its users see it.

mod causation;
mod dynamic;
mod dynamic_events;
mod failures;
mod follow_ups;
mod lifecycle;
mod order;
mod signatures;
mod streams;

use std::sync::Mutex;
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

/// A bus to be, without the handlers of all the other tests.
fn bus() -> BusBuilder {
    Bus::builder().without_discovery()
}
