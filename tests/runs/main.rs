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

use std::time::Duration;

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

/// Waits until this is so.
async fn until(mut is_so: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !is_so().await {
            sleep(Duration::from_millis(1)).await;
        }
    };
    timeout(SOON, waiting).await.expect("it becomes so soon");
}
