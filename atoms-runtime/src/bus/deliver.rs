//! Delivering a root event: its handlers, then all that they emitted.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use tracing::Span;

use super::Shared;
use super::calls::{run_async, run_sync};
use super::delivery::Step;
use super::failure::Refusal;
use super::follow_ups::FollowUps;
use super::receipt::Receipt;
use super::table::Table;
use super::trace::{emit_span, log_refusal};

/// How many emits may wait for each other, each in a handler of the one before it. They lie in each
/// other on the stack, where in a debug build each takes about 20 KiB.
const NESTED_LIMIT: u32 = 64;

impl Shared {
    /// Delivers a root event, and all that follows from it.
    pub(super) async fn deliver_root(self: &Arc<Self>, step: &Step<'_>) -> Receipt {
        let table = self.tables.of(step.event.event_type());
        let mut receipt = table.receipt(step);
        if let Some(refusal) = self.refuses(step) {
            refuse(step, &mut receipt, refusal);
            return receipt;
        }
        let span = emit_span(step);
        let subscribers = self.subscribers.snapshot(step.event.event_type());
        run_sync(step, table, subscribers.as_ref(), &span, &mut receipt);
        if !table.asynchronous.is_empty() || step.worklist.get().is_some() {
            self.finish_root(step, table, &span, &mut receipt).await;
        }
        refuse_unhandled(step, &mut receipt);
        receipt
    }

    fn refuses(&self, step: &Step<'_>) -> Option<Refusal> {
        if self.is_closed() {
            return Some(Refusal::Closed);
        }
        let head = step.event.head();
        let limits = [(head.hops(), self.hop_limit), (head.nested(), NESTED_LIMIT)];
        let exceeded = limits.into_iter().find(|(hops, limit)| hops > limit);
        exceeded.map(|(_, limit)| Refusal::HopLimit { limit })
    }

    /// Drives the root's async handlers and the events that were emitted, until all are done.
    async fn finish_root(
        self: &Arc<Self>,
        step: &Step<'_>,
        table: &Table,
        span: &Span,
        receipt: &mut Receipt,
    ) {
        let mut follow_ups = FollowUps::new(self, step.worklist);
        let mut in_flight = None;
        let mut own_done = table.asynchronous.is_empty();
        {
            let mut own = pin!(run_async(step, table, span, receipt));
            poll_fn(|cx| {
                loop {
                    own_done = own_done || own.as_mut().poll(cx).is_ready();
                    if !(follow_ups.poll(cx) && own_done) {
                        in_flight.get_or_insert_with(|| self.in_flight.enter());
                        return Poll::Pending;
                    }
                    if step.worklist.get().is_none_or(|worklist| worklist.close_if_empty()) {
                        return Poll::Ready(());
                    }
                }
            })
            .await;
        }
        if let Some(refusal) = step.worklist.get().and_then(|worklist| worklist.overflow()) {
            receipt.refuse(refusal);
        }
        receipt.set_follow_ups(follow_ups.into_tree());
    }

    /// Delivers one event that followed from a root event.
    pub(super) async fn deliver_step(&self, step: &Step<'_>, refusal: Option<Refusal>) -> Receipt {
        let table = self.tables.of(step.event.event_type());
        let mut receipt = table.receipt(step);
        if let Some(refusal) = refusal {
            refuse(step, &mut receipt, refusal);
            return receipt;
        }
        let span = emit_span(step);
        let subscribers = self.subscribers.snapshot(step.event.event_type());
        run_sync(step, table, subscribers.as_ref(), &span, &mut receipt);
        run_async(step, table, &span, &mut receipt).await;
        refuse_unhandled(step, &mut receipt);
        receipt
    }
}

fn refuse_unhandled(step: &Step<'_>, receipt: &mut Receipt) {
    if receipt.is_unhandled() && step.event.event_type().is_some_and(|known| known.must_handle()) {
        refuse(step, receipt, Refusal::Unhandled);
    }
}

fn refuse(step: &Step<'_>, receipt: &mut Receipt, refusal: Refusal) {
    log_refusal(step, &refusal);
    receipt.refuse(refusal);
}

impl Table {
    fn receipt(&self, step: &Step<'_>) -> Receipt {
        Receipt::new(step.event.event_type(), step.event.name(), self.handlers, self.handled)
    }
}
