//! Tools, as those see them who call them, guard them, and answer for them.

mod approvals;
mod arguments;
mod bindings;
mod bindings_start;
mod calls;
mod deadlines;
mod emitted;
mod events;
mod fail_closed;
mod hooks;
mod lent;
mod models;
mod resumed;
mod sessions;
mod start;
mod stored;

#[path = "../log/mod.rs"]
mod log;

use std::sync::Arc;
use std::time::Duration;

use atoms::BusBuilder;
use atoms::control::Question;
use atoms::prelude::*;
use tokio::time::timeout;

use log::Log;

/// A deadline that is not meant to be reached.
const SOON: Duration = Duration::from_secs(10);

/// A bus to be, without the tools and hooks of all the other tests, and its log.
fn bus() -> (BusBuilder, Arc<Log>) {
    let log = Arc::<Log>::default();
    (Bus::builder().without_discovery().shared_state(log.clone()), log)
}

fn ada() -> Principal {
    Principal::new("ada").role("manager").role("director")
}

fn bob() -> Principal {
    Principal::new("bob")
}

/// The next question that is open.
async fn asked(bus: &Bus) -> Arc<Question> {
    let open = async {
        loop {
            if let Some(question) = bus.questions().list().await.unwrap().first() {
                return Arc::clone(question);
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    timeout(SOON, open).await.expect("no question is opened")
}

/// Makes a call until its question is open, and goes.
async fn left<T>(bus: &Bus, call: impl IntoFuture<Output = T>) -> Arc<Question> {
    tokio::select! {
        _ = call.into_future() => panic!("the call asks nobody"),
        question = asked(bus) => question,
    }
}

/// Waits until something holds.
async fn until(holds: impl Fn() -> bool) {
    let waiting = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    timeout(SOON, waiting).await.expect("it does not come to hold");
}
