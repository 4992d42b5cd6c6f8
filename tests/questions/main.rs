//! Questions, as those see them who ask and who answer.

mod answers;
mod deadlines;
mod ends;
mod events;
mod limits;
mod opening;
mod stores;
mod threads;
mod watching;

#[path = "../log/mod.rs"]
mod log;

use std::sync::Arc;
use std::time::Duration;

use atoms::BusBuilder;
use atoms::control::{QuestionId, Questions};
use atoms::prelude::*;

use log::Log;

/// A deadline that is not meant to be reached.
const SOON: Duration = Duration::from_secs(10);

/// A bus to be, without the handlers of all the other tests, and its log.
fn bus() -> (BusBuilder, Arc<Log>) {
    let log = Arc::<Log>::default();
    (Bus::builder().without_discovery().shared_state(log.clone()), log)
}

fn started() -> Bus {
    bus().0.start().unwrap()
}

fn ada() -> Principal {
    Principal::new("ada").role("manager")
}

fn bob() -> Principal {
    Principal::new("bob")
}

fn plan() -> Checkpoint {
    Checkpoint::new("plan-review")
}

fn approved() -> Decision {
    Decision::Approved { feedback: None }
}

async fn open_ids(questions: Questions<'_>) -> Vec<QuestionId> {
    questions.list().await.unwrap().iter().map(|question| question.id).collect()
}
