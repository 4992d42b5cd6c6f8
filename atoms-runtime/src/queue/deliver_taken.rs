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
use crate::handler::{FailureKind, HandlerInfo, Refusal};
use crate::letters::{Attempt, DeadLetterCause, LetterRecipient};
use crate::store::StoreError;

/// The handlers of an event that are to be called, by their places in its table, each with the identities under which
/// it was stored.
type Units = Vec<(usize, Vec<String>)>;

impl Engine {
    /// Delivers an event to the handlers that are not done with it.
    pub(super) async fn deliver_taken(self: &Arc<Self>, Begun { stored, taken, .. }: &Begun) {
        if Stored::is_turn(taken) {
            return stored.give_turn(taken).await;
        }
        let letters = if taken.is_again() { stored.letters_of(&taken.event).await } else { Vec::new() };
        let chain = Delivering::of(self, &taken.event, taken.priority, None).chain_refusal();
        let way = if chain.is_some() { Way::Nowhere } else { Way::Carried };
        let way = (way, !taken.is_again() && self.has_checked(taken.event.head()));
        let emitted = self.emitted(taken.event.clone(), way, None, |(event, verdict), _| {
            Box::pin(async move {
                let mut delivering = Delivering::of_taken(self, &event, taken, letters);
                match verdict.err().map(Refusal::Vetoed).or(chain) {
                    Some(refusal) => {
                        let hold = delivering.refuse(refusal);
                        finish(&delivering, stored, Some(hold)).await;
                    }
                    None => {
                        self.deliver_units(&mut delivering, stored, &taken.handlers, taken.is_again()).await
                    }
                }
                delivering.receipt
            })
        });
        // What failed is in the log and among the dead letters.
        let receipt = emitted.await;
        self.waiters.settle_all(&taken.event, &receipt);
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
            let hold = delivering.bury(vec![handler], cause);
            finish(delivering, stored, last.replace(hold)).await;
        }
        let (is_seen, tables) = (delivering.look(), delivering.table.units());
        for (place, ids) in sync {
            let hold = delivering.hold(ids);
            delivering.run(&tables[place], &hold, is_seen);
            finish(delivering, stored, last.replace(hold)).await;
        }
        let whole = if is_again { delivering.as_whole(|_, _, _| ()) } else { delivering.run_subscribers() };
        if handlers.is_empty() {
            last = Some(whole);
        } else {
            acknowledge_whole(self, stored, whole).await;
        }
        if !asynchronous.is_empty() {
            finish(delivering, stored, last.take()).await;
            // In a place of its own, which events without async handlers do not take.
            last = Box::pin(self.deliver_async_units(delivering, stored, asynchronous)).await;
            let hold = delivering.as_whole(|step, _, receipt| refuse_declined(step, receipt));
            acknowledge_whole(self, stored, hold).await;
        }
        finish(delivering, stored, last).await;
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
        let (whole, mut receipts) = (&*delivering, Vec::with_capacity(units.len()));
        let mut calls = FuturesUnordered::new();
        for (place, ids) in units {
            let hold = whole.hold(ids);
            let (unit, span, event) = (&table.units()[place], whole.span.clone(), whole.event);
            calls.push(async move {
                let receipt = run_async(self, event, unit, &hold, &span).await;
                if running.fetch_sub(1, Ordering::Relaxed) == 1 {
                    return (receipt, Some(hold));
                }
                finish(whole, stored, Some(hold)).await;
                (receipt, None)
            });
        }
        let mut next = |cx: &mut Context<'_>| waiting.poll(|| (calls.poll_next_unpin(cx), calls.len()));
        let mut last = None;
        while let Some((receipt, hold)) = poll_fn(&mut next).await {
            receipts.push(receipt);
            last = hold.or(last);
        }
        drop(calls);
        receipts.into_iter().for_each(|receipt| delivering.receipt.absorb(receipt));
        last
    }
}

/// Acknowledges what concerns no one handler; nothing, if nothing follows.
async fn acknowledge_whole(bus: &Engine, stored: &Stored, hold: Hold) {
    let done = hold.into_acknowledgement(bus);
    if let Some(done) = done.filter(|done| !done.posts.is_empty() || !done.letters.is_empty()) {
        stored.acknowledge_anyway(done).await;
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
async fn finish(delivering: &Delivering<'_>, stored: &Stored, hold: Option<Hold>) {
    let Some(hold) = hold else { return };
    let Some(done) = hold.into_acknowledgement(delivering.bus) else { return stored.acknowledged() };
    if let Err((error, done)) = stored.acknowledge(done).await {
        Box::pin(refuse_unwritable(delivering, stored, error, done.handlers)).await;
    }
}

/// What a handler emitted or posted cannot be written, so the handler has failed. It was done otherwise, and is not called
/// again: it would emit the same.
#[cold]
async fn refuse_unwritable(
    delivering: &Delivering<'_>,
    stored: &Stored,
    error: StoreError,
    handlers: Vec<String>,
) {
    let Some(handler) = handlers.first() else { return };
    let (r#type, id) = (delivering.event.event_type(), delivering.event.id());
    tracing::error!(r#type, %id, handler, %error, "what a handler emitted or posted cannot be stored: it has failed");
    let recipient = LetterRecipient::Handler(handler.clone());
    let attempts = vec![Attempt::new(&FailureKind::Error(error.into()))];
    let hold = delivering.bury(handlers, DeadLetterCause::Failed { recipient, attempts });
    if let Some(done) = hold.into_acknowledgement(delivering.bus) {
        stored.acknowledge_anyway(done).await;
    }
}
