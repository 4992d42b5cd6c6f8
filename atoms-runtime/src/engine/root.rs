//! Delivering a root event with the layers around it, and a dead letter again.

use std::sync::Arc;

use super::deliver::Progress;
use super::emission::{Delivering, Judged, Way};
use super::first_poll::FirstPoll;
use super::receipt::Receipt;
use super::route::Route;
use super::step::Step;
use super::table::Table;
use super::{Engine, scope};
use crate::event::AnyEvent;
use crate::handler::{HandlerInfo, Refusal};
use crate::letters::{RedeliverError, Redelivery};

impl Engine {
    /// Delivers a root event, with the layers around it, and sends it its route. What is returned is polled at once.
    pub(crate) fn deliver_root<'a>(
        self: &'a Arc<Self>,
        event: AnyEvent,
        via: Option<&'a dyn Route>,
    ) -> Delivering<'a> {
        let first_poll = FirstPoll::of(self);
        let closed = self.is_closed().then_some(Refusal::Closed);
        let is_refused = closed.is_some() || Step::of_any(&event, self).chain_refusal().is_some();
        let way = match via {
            _ if is_refused => Way::Nowhere,
            Some(route) => Way::Via(route),
            None => Way::Carried,
        };
        self.emitted(event, (way, false), Some(first_poll), move |(event, verdict), first_poll| {
            Box::pin(async move {
                let step = Step::of_any(&event, self);
                let mut progress = Progress::new(&step);
                progress.run(first_poll, closed.or_else(|| step.judged(verdict))).await;
                progress.into_receipt()
            })
        })
    }

    /// Delivers a dead letter to the handler that failed, or to all if it was delivered to nobody. In a
    /// handler it counts as an emit that is waited for, so that one which redelivers what fails ends at the
    /// limit; elsewhere a new chain of events begins with it.
    pub(crate) async fn deliver_again(
        self: &Arc<Self>,
        redelivery: &Arc<Redelivery>,
        handler: Option<&'static HandlerInfo>,
        first_poll: FirstPoll,
    ) -> Result<Receipt, RedeliverError> {
        let letter = redelivery.letter();
        let event = scope::nested(&self.inherited, || letter.event().clone());
        let event = event.map(|event| match letter.event().head().key() {
            Some(key) => event.with_key(key.cloned()),
            None => event,
        });
        let event = event.unwrap_or_else(|| letter.event().clone().begun_anew());
        if let Some(refusal) = Step::of_any(&event, self).chain_refusal() {
            return Err(RedeliverError::Refused(refusal));
        }
        let only = match handler {
            None => None,
            Some(handler) => {
                let runner = self.tables.runner(handler).ok_or(RedeliverError::NotFound(letter.id()))?;
                Some(Table::only(event.known_type(), handler, runner))
            }
        };
        let only = only.as_ref();
        let deliver = |(event, verdict): Judged, first_poll| -> Delivering<'_> {
            Box::pin(async move {
                let step = Step::of_letter(&event, redelivery, self);
                let table = only.unwrap_or_else(|| self.tables.of(event.known_type()));
                let mut progress = Progress::with_table(&step, table);
                progress.run(first_poll, verdict.err().map(Refusal::Vetoed)).await;
                progress.into_receipt()
            })
        };
        Ok(match only {
            None => self.emitted(event, (Way::Carried, false), Some(first_poll), deliver).await,
            // What was delivered to somebody has passed the layers.
            Some(_) => self.within(&event, deliver((event.clone(), Ok(())), Some(first_poll))).await,
        })
    }
}
