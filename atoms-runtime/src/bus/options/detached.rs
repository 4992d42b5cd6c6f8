//! `detached`

use std::sync::Arc;

use crate::bus::FailureKind;
use crate::bus::dead_letters::PutBack;
use crate::bus::deliver::Progress;
use crate::bus::delivery::Step;
use crate::bus::run::{NotDone, Outcome, RunAsync, RunSync, Runner, decorate};
use crate::bus::table::Table;
use crate::event::AnyEvent;
use crate::handler::HandlerInfo;

/// A handler that runs in a task of its own, which the bus owns.
pub(super) struct Detached {
    info: &'static HandlerInfo,
    inner: Arc<dyn RunAsync>,
    /// Of this handler alone.
    table: Arc<Table>,
}

impl Detached {
    pub(super) fn new(info: &'static HandlerInfo, inner: Arc<dyn RunAsync>) -> Self {
        let event_type = match *info.event_types() {
            [only] => Some(only),
            _ => None,
        };
        let table = Arc::new(Table::only(event_type, info, Runner::Async(Arc::clone(&inner))));
        Self { info, inner, table }
    }
}

/// Tells of a handler whose task ended before it was started; of others, their call tells.
struct Unstarted(Option<(AnyEvent, &'static HandlerInfo)>);

impl Unstarted {
    fn starts(mut self) {
        self.0 = None;
    }
}

impl Drop for Unstarted {
    fn drop(&mut self) {
        if let Some((event, handler)) = &self.0 {
            tracing::warn!(r#type = event.event_type(), id = %event.id(), %handler, "a detached handler was not started");
        }
    }
}

impl RunSync for Detached {
    fn run(&self, step: &Step<'_>) -> Outcome {
        let (bus, event, letter) = (Arc::clone(step.bus), step.any().clone(), step.letter().cloned());
        let (table, counted) = (Arc::clone(&self.table), step.bus.under_way.enter());
        let unstarted = Unstarted(Some((event.clone(), self.info)));
        let redelivered = letter.clone().map(|letter| PutBack::new(Arc::clone(&bus), letter));
        let run = async move {
            let _counted = counted;
            unstarted.starts();
            let step = match &letter {
                Some(letter) => Step::of_letter(&event, letter, &bus),
                None => Step::of_any(&event, &bus),
            };
            Progress::with_table(&step, &table).run(None).await;
            if let Some(redelivered) = redelivered {
                redelivered.done();
            }
        };
        step.bus.tasks.spawn(run).map_err(|why| NotDone::failed(FailureKind::NotDetached(why)))
    }

    decorate!();
}
