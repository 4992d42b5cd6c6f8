//! Runs, as those see them who start, watch and steer them.

mod asking;
mod calls;
mod cancelled;
mod client;
mod ends;
mod followed;
mod nested;
mod nodes;
mod paused;
mod recorded;
mod steered_turns;
mod threads;
mod told;
mod turns;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use atoms::AnyEvent;
use atoms::prelude::*;
use tokio::time::{sleep, timeout};

/// A deadline that is not meant to be reached.
const SOON: Duration = Duration::from_secs(10);

fn started() -> Bus {
    Bus::builder().without_discovery().start().unwrap()
}

fn ada() -> Principal {
    Principal::new("ada").role("manager")
}

/// All that a bus delivers.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Vec<AnyEvent>>>);

impl Seen {
    fn on(bus: &Bus) -> Self {
        let seen = Self::default();
        let all = seen.clone();
        bus.on_any(move |event| all.0.lock().unwrap().push(event.clone())).detach();
        seen
    }

    /// The types of the framework's events, in the order in which they were delivered.
    fn types(&self) -> Vec<String> {
        self.0.lock().unwrap().iter().map(|event| event.event_type().to_owned()).collect()
    }

    /// The events of one type.
    fn of<E: atoms::Event>(&self) -> Vec<E> {
        let all = self.0.lock().unwrap();
        all.iter().filter_map(|event| event.downcast_ref::<E>()).map(|event| event.event().clone()).collect()
    }
}

/// Waits until this is so.
async fn until(mut is_so: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !is_so().await {
            sleep(Duration::from_millis(1)).await;
        }
    };
    timeout(SOON, waiting).await.expect("it becomes so soon");
}
