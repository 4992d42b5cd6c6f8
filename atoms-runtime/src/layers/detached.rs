//! `detached`

use std::sync::Arc;

use crate::engine::Engine;
use crate::engine::deliver::Progress;
use crate::engine::runner::{NotDone, Outcome, RunAsync, RunSync, Runner, decorate};
use crate::engine::step::Step;
use crate::engine::table::Table;
use crate::event::AnyEvent;
use crate::handler::{FailureKind, HandlerInfo, Recipient};
use crate::letters::{Attempt, DeadLetterCause, Redelivery};

/// A handler that runs in a task of its own, which the bus owns.
pub(crate) struct Detached {
    info: &'static HandlerInfo,
    inner: Arc<dyn RunAsync>,
    /// Of this handler alone.
    table: Arc<Table>,
}

impl Detached {
    pub(crate) fn new(info: &'static HandlerInfo, inner: Arc<dyn RunAsync>) -> Self {
        let event_type = match *info.event_types() {
            [only] => Some(only),
            _ => None,
        };
        let table = Arc::new(Table::only(event_type, info, Runner::Async(Arc::clone(&inner))));
        Self { info, inner, table }
    }
}

/// Keeps the event of a handler that did not come to an end, since its runtime ended.
struct Unended {
    bus: Arc<Engine>,
    handler: &'static HandlerInfo,
    /// Until it has come to its end.
    event: Option<AnyEvent>,
    is_started: bool,
    /// The dead letter that is delivered again, which then stays.
    letter: Option<Arc<Redelivery>>,
}

impl Unended {
    async fn done(mut self) {
        self.event = None;
        if let Some(redelivery) = self.letter.take()
            && let Err(error) = redelivery.done().await
        {
            tracing::error!(%error, "a dead letter was redelivered, and is still there");
        }
    }
}

impl Drop for Unended {
    fn drop(&mut self) {
        let (Some(event), handler) = (self.event.take(), self.handler) else { return };
        if !self.is_started {
            tracing::warn!(r#type = event.event_type(), id = %event.id(), %handler, "a detached handler was not started");
        }
        // The deadline of a shutdown lists what it ends.
        if self.letter.is_none() && !self.bus.tasks.is_closed() {
            let ended = vec![Attempt::new(&FailureKind::RuntimeEnded)];
            let cause = DeadLetterCause::failed(Recipient::Handler(handler), ended);
            Step::of_any(&event, &self.bus).bury_late(cause);
        }
    }
}

impl RunSync for Detached {
    fn run(&self, step: &Step<'_>) -> Outcome {
        let spawned = step.bus.tasks.spawn(|| {
            let (bus, event, letter) = (Arc::clone(step.bus), step.any().clone(), step.letter().cloned());
            let (table, counted) = (Arc::clone(&self.table), bus.under_way.enter());
            let mut unended = Unended {
                bus: Arc::clone(&bus),
                handler: self.info,
                event: Some(event.clone()),
                is_started: false,
                letter: letter.clone(),
            };
            letter.iter().for_each(|redelivery| redelivery.hand_over());
            async move {
                unended.is_started = true;
                let step = match &letter {
                    Some(letter) => Step::of_letter(&event, letter, &bus),
                    None => Step::of_any(&event, &bus),
                };
                let part = Arc::clone(counted.part());
                let mut progress = Progress::with_table(&step, &table);
                part.around(bus.within(&event, progress.run(None, None))).await;
                unended.done().await;
            }
        });
        spawned.map_err(|why| NotDone::failed(FailureKind::NotDetached(why)))
    }

    decorate!();
}
