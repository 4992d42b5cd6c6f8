//! Delivering a root event: its handlers, then all that they emitted.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use tracing::Span;

use super::Shared;
use super::calls::{AsyncCalls, run_handlers, run_sync};
use super::delivery::Step;
use super::failure::Refusal;
use super::follow_ups::FollowUps;
use super::receipt::Receipt;
use super::table::Table;
use super::trace::{emit_span, is_traced, log_refusal};

/// How many emits may wait for each other, each in a handler of the one before it. They lie in each
/// other on the stack, where in a debug build each takes about 20 KiB.
const NESTED_LIMIT: u32 = 64;

/// The delivery of one event.
///
/// It is changed where it lies in the emit's future, and what is passed on is one reference to it:
/// a struct that is put together and moved at once, as arguments of an `async fn` are, stalls for
/// longer than a short handler takes.
pub(super) struct Progress<'a> {
    step: &'a Step<'a>,
    table: &'a Table,
    span: Span,
    pub(super) receipt: Receipt,
}

impl<'a> Progress<'a> {
    #[inline]
    pub(super) fn new(step: &'a Step<'a>) -> Self {
        let table = step.bus.tables.of(step.event.event_type());
        // Made first: what could be dropped if this panicked would be made elsewhere, and moved.
        let receipt = table.receipt(step);
        Self { step, table, span: Span::none(), receipt }
    }

    /// As [`begin`](Self::begin), of a root event.
    pub(super) fn begin_root(&mut self) -> bool {
        let refusal = self.step.bus.refuses(self.step);
        self.begin(refusal)
    }

    /// Delivers an event to its sync handlers and its subscribers; `true` if nothing else is to do.
    ///
    /// This is no `async fn`, so that what most events need is done in a plain stack frame.
    fn begin(&mut self, refusal: Option<Refusal>) -> bool {
        let (step, table) = (self.step, self.table);
        if let Some(refusal) = refusal {
            refuse(step, &mut self.receipt, refusal);
            return true;
        }
        if step.bus.subscribers.is_empty() && !is_traced() {
            run_handlers(step, table, &mut self.receipt);
        } else {
            self.span = step.bus.run_seen(step, table, &mut self.receipt);
        }
        refuse_unhandled(step, &mut self.receipt);
        table.asynchronous.is_empty() && step.worklist().is_none()
    }

    /// Drives the root's async handlers and the events that were emitted, until all are done.
    pub(super) async fn finish_root(&mut self) {
        let Self { step, table, span, receipt } = self;
        let mut room = pin!(None);
        let mut calls = AsyncCalls::new(step, table);
        // Most handlers emit nothing, and many are ready at once.
        let mut own_done =
            poll_fn(|cx| Poll::Ready(calls.poll(room.as_mut(), cx, span, receipt).is_ready())).await;
        if own_done && step.worklist().is_none() {
            return;
        }
        let mut follow_ups = FollowUps::new(step);
        let mut in_flight = None;
        poll_fn(|cx| {
            loop {
                own_done = own_done || calls.poll(room.as_mut(), cx, span, receipt).is_ready();
                if !(follow_ups.poll(cx) && own_done) {
                    in_flight.get_or_insert_with(|| step.bus.in_flight.enter());
                    return Poll::Pending;
                }
                if step.worklist().is_none_or(|worklist| worklist.close_if_empty()) {
                    return Poll::Ready(());
                }
            }
        })
        .await;
        if let Some(refusal) = step.worklist().and_then(|worklist| worklist.overflow()) {
            receipt.refuse(refusal);
        }
        receipt.set_follow_ups(follow_ups.take_tree());
    }

    /// Delivers one event that followed from a root event.
    pub(super) async fn deliver(&mut self, refusal: Option<Refusal>) {
        if self.begin(refusal) {
            return;
        }
        let mut room = pin!(None);
        let mut calls = AsyncCalls::new(self.step, self.table);
        poll_fn(|cx| calls.poll(room.as_mut(), cx, &self.span, &mut self.receipt)).await;
    }
}

impl Shared {
    /// As [`run_handlers`], for an event that is traced or has subscribers.
    #[cold]
    fn run_seen(&self, step: &Step<'_>, table: &Table, receipt: &mut Receipt) -> Span {
        let span = emit_span(step);
        let subscribers = self.subscribers.snapshot(step.event.event_type());
        run_sync(step, table, subscribers.as_ref(), &span, receipt);
        span
    }

    /// Why a root event is not delivered, if it is not.
    fn refuses(&self, step: &Step<'_>) -> Option<Refusal> {
        if self.is_closed() {
            return Some(Refusal::Closed);
        }
        let head = step.event.head();
        let limits = [(head.hops(), self.hop_limit), (head.nested(), NESTED_LIMIT)];
        let exceeded = limits.into_iter().find(|(hops, limit)| hops > limit);
        exceeded.map(|(_, limit)| Refusal::HopLimit { limit })
    }
}

#[inline]
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
    #[inline]
    fn receipt(&self, step: &Step<'_>) -> Receipt {
        Receipt::new(&step.event, self.outline)
    }
}
