//! Requests: what comes back, what does not, and what else a request brings about.

mod chains;
mod errors;
mod observed;
mod options;
mod replies;
mod stand_ins;

use std::sync::Mutex;

use atoms::{Bus, BusBuilder};

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
