//! Delivering a root event: its handlers, then all that they emitted.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use tracing::Span;

use super::Engine;
use super::calls::{AsyncCalls, run_handlers, run_sync};
use super::first_poll::FirstPoll;
use super::follow_ups::FollowUps;
use super::receipt::Receipt;
use super::step::Step;
use super::table::Table;
use super::trace::{emit_span, is_traced, log_refusal};
use super::under_way::{Counted, Part};
use super::unfinished::Entered;
use crate::caught::drop_caught;
use crate::event::EventType;
use crate::handler::{Refusal, Veto};
use crate::letters::DeadLetterCause;

/// How many emits may wait for each other, each in a handler of the one before it, with so many layers around each.
/// They are nested on the stack of 2 MiB that a thread has: in a debug build an emit takes 9 KiB, and a layer 11 KiB.
pub(crate) fn nested_limit(layers: usize) -> u32 {
    let limit = 128 / (1 + layers);
    limit.clamp(1, 64).try_into().unwrap_or(1)
}

/// Delivers a root event, of which this is the step: its receipt. No function, whose arguments would be moved.
macro_rules! delivered {
    ($step:expr) => {{
        let step = $step;
        let table = step.table();
        let begun = if table.asynchronous.is_empty() {
            $crate::engine::deliver::run_at_once(&step, table)
        } else {
            $crate::engine::deliver::Begun::Asynchronous
        };
        match begun {
            $crate::engine::deliver::Begun::Done(receipt) => receipt,
            begun => {
                let mut progress = $crate::engine::deliver::Progress::with_table(&step, table);
                if let Some(unfinished) = progress.begin_root(begun) {
                    progress.finish_root(unfinished).await;
                }
                progress.into_receipt()
            }
        }
    }};
}
pub(crate) use delivered;

/// How far the delivery of a root event has come at once.
///
/// One enum without nesting, so that nothing is left to be dropped where its receipt is taken out.
pub(crate) enum Begun {
    /// All is done.
    Done(Receipt),
    /// The handlers have run, and the events that they emitted are not delivered yet.
    Emitted(Receipt, FirstPoll),
    /// Nothing is done, since the event does not go straight to its handlers.
    Nothing(FirstPoll),
    /// Nothing is done, since the event has async handlers.
    Asynchronous,
}

/// Runs the handlers of a root event that has sync ones only, on a plain stack frame, if it goes straight to them.
pub(crate) fn run_at_once(step: &Step<'_>, table: &Table) -> Begun {
    let first_poll = FirstPoll::of(step.bus);
    if !step.goes_straight(table) {
        return Begun::Nothing(first_poll);
    }
    let mut receipt = table.receipt(step);
    run_handlers::<true>(step, table, &mut receipt);
    refuse_declined(step, &mut receipt);
    if step.worklist().is_some() { Begun::Emitted(receipt, first_poll) } else { Begun::Done(receipt) }
}

/// The delivery of one event.
///
/// It is changed where it lies in the emit's future, and what is passed on is one reference to it:
/// a struct that is put together and moved at once, as arguments of an `async fn` are, stalls for
/// longer than a short handler takes.
pub(crate) struct Progress<'a> {
    step: &'a Step<'a>,
    table: &'a Table,
    span: Span,
    pub(crate) receipt: Receipt,
}

/// A root event's delivery that waits for handlers, with the mark of its first poll, if a shutdown does not know of
/// it otherwise.
pub(crate) struct Unfinished(Option<FirstPoll>);

impl<'a> Progress<'a> {
    #[inline]
    pub(crate) fn new(step: &'a Step<'a>) -> Self {
        Self::with_table(step, step.bus.tables.of(step.event.event_type()))
    }

    /// As [`new`](Self::new), to the handlers of this table.
    #[inline]
    pub(crate) fn with_table(step: &'a Step<'a>, table: &'a Table) -> Self {
        // Made first: what could be dropped if this panicked would be made elsewhere, and moved.
        let receipt = table.receipt(step);
        Self { step, table, span: Span::none(), receipt }
    }

    /// As [`begin`](Self::begin), of a root event; what is left to do, if anything is.
    pub(crate) fn begin_root(&mut self, begun: Begun) -> Option<Unfinished> {
        match begun {
            Begun::Asynchronous => self.begin_asynchronous(),
            Begun::Nothing(first_poll) => self.begin_refused_or_seen(first_poll),
            Begun::Emitted(receipt, first_poll) => {
                self.receipt = receipt;
                Some(Unfinished(Some(first_poll)))
            }
            Begun::Done(receipt) => {
                self.receipt = receipt;
                None
            }
        }
    }

    fn begin_asynchronous(&mut self) -> Option<Unfinished> {
        let (step, table) = (self.step, self.table);
        let first_poll = FirstPoll::of(step.bus);
        if !step.goes_straight(table) {
            return self.begin_refused_or_seen(first_poll);
        }
        if !table.sync.is_empty() {
            run_handlers::<false>(step, table, &mut self.receipt);
        }
        Some(Unfinished(Some(first_poll)))
    }

    /// As [`begin`](Self::begin), of a root event that does not go straight to its handlers.
    #[inline(never)]
    fn begin_refused_or_seen(&mut self, first_poll: FirstPoll) -> Option<Unfinished> {
        let mut first_poll = Some(first_poll);
        let refusal = if self.step.is_too_late() {
            // A shutdown need not wait for it.
            first_poll = None;
            Some(Refusal::Closed)
        } else {
            self.step.chain_refusal()
        };
        if self.begin(refusal) { None } else { Some(Unfinished(first_poll)) }
    }

    /// What became of it, when all is done.
    #[inline]
    pub(crate) fn into_receipt(self) -> Receipt {
        self.receipt
    }

    /// Delivers an event to its sync handlers and its subscribers; `true` if nothing else is to do.
    ///
    /// This is no `async fn`, so that what most events need is done in a plain stack frame.
    pub(crate) fn begin(&mut self, refusal: Option<Refusal>) -> bool {
        let (step, table) = (self.step, self.table);
        if let Some(refusal) = refusal {
            self.table = step.bus.tables.nobody();
            refuse(step, &mut self.receipt, refusal);
        } else {
            if step.bus.subscribers.is_empty() && !is_traced() {
                run_handlers::<false>(step, table, &mut self.receipt);
            } else {
                self.span = step.bus.run_seen(step, table, &mut self.receipt);
            }
            refuse_unhandled(step, &mut self.receipt);
        }
        self.table.asynchronous.is_empty() && step.worklist().is_none()
    }

    /// Delivers a root event to the end. The first poll is marked if a shutdown does not know of it otherwise.
    pub(crate) async fn run(&mut self, first_poll: Option<FirstPoll>, refusal: Option<Refusal>) {
        if !self.begin(refusal) {
            self.finish_root(Unfinished(first_poll)).await;
        }
    }

    /// Drives the root's async handlers and the events that were emitted, until all are done.
    pub(crate) async fn finish_root(&mut self, Unfinished(mut first_poll): Unfinished) {
        let Self { step, table, span, receipt } = self;
        let mut room = pin!(None);
        let mut calls = AsyncCalls::new(step, table);
        // Most handlers emit nothing, and many are ready at once.
        let mut own_done =
            poll_fn(|cx| Poll::Ready(calls.poll(room.as_mut(), cx, span, receipt).is_ready())).await;
        if own_done {
            refuse_declined(step, receipt);
        }
        if own_done && step.worklist().is_none() {
            return;
        }
        let mut follow_ups = FollowUps::new(step);
        let mut in_flight: Option<Entered<'_>> = None;
        poll_fn(|cx| {
            let polled = Part::enter(in_flight.as_ref().map(Entered::part), || {
                loop {
                    if !own_done && calls.poll(room.as_mut(), cx, span, receipt).is_ready() {
                        own_done = true;
                        refuse_declined(step, receipt);
                    }
                    if !(follow_ups.poll(cx) && own_done) {
                        return Poll::Pending;
                    }
                    if step.worklist().is_none_or(|worklist| worklist.close_if_empty()) {
                        return Poll::Ready(());
                    }
                }
            });
            if polled.is_pending() {
                let in_flight = in_flight.get_or_insert_with(|| step.wait_for(table));
                // It is counted from now on.
                first_poll = None;
                in_flight.part().set_running(calls.running() + follow_ups.running());
            }
            polled
        })
        .await;
        follow_ups.settle(receipt);
    }

    /// Delivers one event that followed from a root event.
    pub(crate) async fn deliver(&mut self, refusal: Option<Refusal>) {
        if self.begin(refusal) {
            return;
        }
        let mut room = pin!(None);
        let mut calls = AsyncCalls::new(self.step, self.table);
        let mut counted: Option<Counted> = None;
        poll_fn(|cx| {
            let part = counted.as_ref().map(Counted::part);
            let polled = Part::enter(part, || calls.poll(room.as_mut(), cx, &self.span, &mut self.receipt));
            if polled.is_pending() {
                let counted = counted.get_or_insert_with(|| self.step.bus.under_way.enter());
                counted.part().set_running(calls.running());
            }
            polled
        })
        .await;
        refuse_declined(self.step, &mut self.receipt);
    }
}

impl Engine {
    /// As [`run_handlers`], for an event that is traced or has subscribers.
    #[cold]
    fn run_seen(&self, step: &Step<'_>, table: &Table, receipt: &mut Receipt) -> Span {
        let span = emit_span(step);
        let subscribers =
            if table.is_for_all { self.subscribers.snapshot(step.event.event_type()) } else { None };
        run_sync(step, table, subscribers.as_ref(), &span, receipt);
        // It may have the last reference to a subscriber that is gone.
        drop_caught(subscribers);
        span
    }

    /// Whether anybody gets the events of this type.
    #[inline]
    pub(crate) fn is_taken(&self, event_type: Option<&'static EventType>) -> bool {
        !self.tables.of(event_type).is_empty() || self.subscribers.has(event_type)
    }
}

impl Step<'_> {
    /// Says that the event waits for the handlers in the table.
    #[cold]
    pub(crate) fn wait_for(&self, table: &Table) -> Entered<'_> {
        let only = if table.is_for_all { None } else { table.outline.handlers.first().copied() };
        self.bus.in_flight.enter(self.event, only, &self.bus.under_way)
    }

    /// Why the event is not delivered, by what the layers say and by the chain that led to it.
    pub(crate) fn judged(&self, verdict: Result<(), Veto>) -> Option<Refusal> {
        verdict.err().map(Refusal::Vetoed).or_else(|| self.chain_refusal())
    }

    /// Whether nobody looks on, and nothing may be a reason to refuse the event.
    #[inline]
    fn goes_straight(&self, table: &Table) -> bool {
        let bus: &Engine = self.bus;
        // Each is seldom true: one jump for all.
        !(bus.is_closed()
            | !bus.subscribers.is_empty()
            | is_traced()
            | table.lacks_handler
            | self.event.head().is_in_chain())
    }

    /// Whether the bus takes no more of what this is. A request that a running handler asks is a part of what a shutdown waits
    /// for.
    pub(crate) fn is_too_late(&self) -> bool {
        let is_part = self.event.reply_slot().is_some() && self.event.head().nested() > 0;
        self.bus.is_closed() && !is_part
    }

    /// Why the event is not delivered if the chain that led to it is too long.
    pub(crate) fn chain_refusal(&self) -> Option<Refusal> {
        let exceeded = self.chain().into_iter().find(|(length, limit)| length > limit);
        exceeded.map(|(_, limit)| Refusal::HopLimit { limit })
    }

    /// Whether the event follows from one that was refused because its chain was too long.
    pub(crate) fn is_beyond_end_of_chain(&self) -> bool {
        self.chain().into_iter().any(|(length, limit)| length > limit + 1)
    }

    /// How long the chain is, by each of the two measures, and how long it may be.
    fn chain(&self) -> [(u32, u32); 2] {
        let head = self.event.head();
        [(head.hops(), self.bus.hop_limit), (head.nested(), self.bus.nested_limit)]
    }
}

#[inline]
pub(crate) fn refuse_unhandled(step: &Step<'_>, receipt: &mut Receipt) {
    if receipt.is_unhandled() && step.event.event_type().is_some_and(|known| known.must_handle()) {
        refuse(step, receipt, Refusal::Unhandled);
    }
}

/// As [`refuse_unhandled`], once it is known which async handlers do not take the event.
#[inline]
pub(crate) fn refuse_declined(step: &Step<'_>, receipt: &mut Receipt) {
    if !receipt.is_plain() {
        refuse_if_declined(step, receipt);
    }
}

#[cold]
fn refuse_if_declined(step: &Step<'_>, receipt: &mut Receipt) {
    if receipt.has_skipped() && receipt.refusal().is_none() {
        refuse_unhandled(step, receipt);
    }
}

#[cold]
pub(crate) fn refuse(step: &Step<'_>, receipt: &mut Receipt, refusal: Refusal) {
    log_refusal(step, &refusal);
    // A bus that is shut down keeps nothing more.
    if refusal != Refusal::Closed {
        step.bury(DeadLetterCause::Refused(refusal.clone()));
    }
    receipt.refuse(refusal);
}

impl Table {
    #[inline]
    fn receipt(&self, step: &Step<'_>) -> Receipt {
        Receipt::new(&step.event, self.outline)
    }
}
