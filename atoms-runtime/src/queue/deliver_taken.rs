//! Delivering an event that was taken from a backlog: each handler is acknowledged with what it emitted.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Context;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;

use super::deliver::{Delivering, Waiting, run_async};
use super::hold::Hold;
use super::stored::Stored;
use super::stored_worker::Begun;
use crate::engine::Engine;
use crate::engine::deliver::refuse_declined;
use crate::engine::emission::Way;
use crate::engine::table::Table;
use crate::handler::{HandlerInfo, Refusal};
use crate::letters::{Attempt, DeadLetterCause, LetterRecipient};

/// The handlers of an event that are to be called, by their places in its table, each with the identities under which
/// it was stored.
type Units = Vec<(usize, Vec<String>)>;

impl Engine {
    /// Delivers an event to the handlers that are not done with it.
    pub(super) async fn deliver_taken(self: &Arc<Self>, Begun { stored, taken, .. }: &Begun) {
        let letters = if taken.is_again() { stored.letters_of(&taken.event).await } else { Vec::new() };
        let chain = Delivering::new(self, &taken.event, taken.priority).chain_refusal();
        let way = if chain.is_some() { Way::Nowhere } else { Way::Carried };
        let emitted = self.emitted(taken.event.clone(), way, None, |(event, verdict), _| {
            Box::pin(async move {
                let mut delivering = Delivering::of_taken(self, &event, taken, letters);
                match verdict.err().map(Refusal::Vetoed).or(chain) {
                    Some(refusal) => {
                        let hold = delivering.refuse(refusal);
                        finish(self, stored, Some(hold)).await;
                    }
                    None => {
                        self.deliver_units(&mut delivering, stored, &taken.handlers, taken.is_again()).await
                    }
                }
                delivering.receipt
            })
        });
        // What failed is in the log and among the dead letters.
        let _receipt = emitted.await;
    }

    /// Acknowledges what concerns the whole event before the last handler: with that one, the event is done.
    async fn deliver_units(
        self: &Arc<Self>,
        delivering: &mut Delivering<'_>,
        stored: &Arc<Stored>,
        handlers: &[String],
        is_again: bool,
    ) {
        let (units, gone) = units(delivering.table, handlers);
        let sync = delivering.table.sync.len();
        let (sync, asynchronous): (Units, Units) = units.into_iter().partition(|(place, _)| *place < sync);
        let mut last = None;
        for handler in gone {
            let cause = DeadLetterCause::Failed {
                recipient: LetterRecipient::Handler(handler.clone()),
                attempts: vec![Attempt::no_handler()],
            };
            let hold = delivering.for_handlers(vec![handler], |step, _, _| step.bury(cause));
            finish(self, stored, last.replace(hold)).await;
        }
        let (is_seen, tables) = (delivering.look(), delivering.table.units());
        for (place, ids) in sync {
            let hold = delivering.hold(ids);
            delivering.run(&tables[place], &hold, is_seen);
            finish(self, stored, last.replace(hold)).await;
        }
        let whole = if is_again { delivering.as_whole(|_, _, _| ()) } else { delivering.run_subscribers() };
        if handlers.is_empty() {
            last = Some(whole);
        } else {
            self.acknowledge_whole(stored, whole).await;
        }
        if !asynchronous.is_empty() {
            finish(self, stored, last.take()).await;
            last = self.deliver_async_units(delivering, stored, asynchronous).await;
            let hold = delivering.as_whole(|step, _, receipt| refuse_declined(step, receipt));
            self.acknowledge_whole(stored, hold).await;
        }
        finish(self, stored, last).await;
    }

    /// Runs the async handlers, and acknowledges each but the one that ends last, which is returned.
    async fn deliver_async_units(
        self: &Arc<Self>,
        delivering: &mut Delivering<'_>,
        stored: &Arc<Stored>,
        units: Units,
    ) -> Option<Hold> {
        let (step, table) = (delivering.step(), delivering.table);
        let mut waiting = Waiting::new(&step, table);
        let running = &AtomicUsize::new(units.len());
        let mut calls = FuturesUnordered::new();
        for (place, ids) in units {
            let hold = delivering.hold(ids);
            let (unit, span, event) = (&table.units()[place], delivering.span.clone(), delivering.event);
            calls.push(async move {
                let receipt = run_async(self, event, unit, &hold, &span).await;
                if running.fetch_sub(1, Ordering::Relaxed) == 1 {
                    return (receipt, Some(hold));
                }
                finish(self, stored, Some(hold)).await;
                (receipt, None)
            });
        }
        let mut next = |cx: &mut Context<'_>| waiting.poll(|| (calls.poll_next_unpin(cx), calls.len()));
        let mut last = None;
        while let Some((receipt, hold)) = poll_fn(&mut next).await {
            delivering.receipt.absorb(receipt);
            last = hold.or(last);
        }
        last
    }

    /// Acknowledges what concerns no one handler; nothing, if nothing follows.
    async fn acknowledge_whole(&self, stored: &Stored, hold: Hold) {
        let done = hold.into_acknowledgement(self);
        if let Some(done) = done.filter(|done| !done.posts.is_empty() || !done.letters.is_empty()) {
            stored.acknowledge(done).await;
        }
    }
}

/// The handlers of these identities, and the identities that no handler in the table has.
fn units(table: &Table, identities: &[String]) -> (Units, Vec<String>) {
    let (mut units, mut gone) = (Units::new(), Vec::new());
    for id in identities {
        let is_it = |info: &&HandlerInfo| info.has_id(id);
        let Some(place) = table.outline.handlers.iter().position(is_it) else {
            gone.push(id.clone());
            continue;
        };
        match units.iter_mut().find(|(known, _)| *known == place) {
            Some((_, ids)) => ids.push(id.clone()),
            None => units.push((place, vec![id.clone()])),
        }
    }
    units.sort_unstable();
    (units, gone)
}

/// A handler is done, if this is one: it is acknowledged with its dead letter, if there is one.
async fn finish(bus: &Engine, stored: &Stored, hold: Option<Hold>) {
    let Some(hold) = hold else { return };
    match hold.into_acknowledgement(bus) {
        Some(done) => stored.acknowledge(done).await,
        None => stored.acknowledged(),
    }
}
