//! `detached`

use std::sync::Arc;

use crate::bus::FailureKind;
use crate::bus::deliver::Progress;
use crate::bus::delivery::Step;
use crate::bus::run::{NotDone, Outcome, RunAsync, RunSync, Runner, decorate};
use crate::bus::table::Table;
use crate::handler::HandlerInfo;

/// A handler that runs in a task of its own, which the bus owns.
pub(super) struct Detached {
    info: &'static HandlerInfo,
    inner: Arc<dyn RunAsync>,
}

impl Detached {
    pub(super) fn new(info: &'static HandlerInfo, inner: Arc<dyn RunAsync>) -> Self {
        Self { info, inner }
    }
}

impl RunSync for Detached {
    fn run(&self, step: &Step<'_>) -> Outcome {
        let (bus, event, letter) = (Arc::clone(step.bus), step.any().clone(), step.letter().cloned());
        let table = Table::only(event.known_type(), self.info, Runner::Async(Arc::clone(&self.inner)));
        let counted = step.bus.under_way.enter();
        let run = async move {
            let _counted = counted;
            let step = match &letter {
                Some(letter) => Step::of_letter(&event, letter, &bus),
                None => Step::of_any(&event, &bus),
            };
            Progress::with_table(&step, &table).run(None).await;
        };
        step.bus.tasks.spawn(run).map_err(|why| NotDone::failed(FailureKind::NotDetached(why)))
    }

    decorate!();
}
