//! Delivering a posted event: each handler for itself, with what it emits held until it is done.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tracing::Span;

use super::Priority;
use super::backlog::Taken;
use super::hold::{Hold, TakenBy};
use super::lanes::{LaneKey, Posted, Slot};
use crate::caught::drop_caught;
use crate::engine::Engine;
use crate::engine::calls::{AsyncCalls, run_handlers, run_sync};
use crate::engine::deliver::{refuse, refuse_declined, refuse_unhandled};
use crate::engine::emission::Way;
use crate::engine::receipt::Receipt;
use crate::engine::step::Step;
use crate::engine::table::Table;
use crate::engine::trace::{emit_span, is_traced};
use crate::engine::under_way::Part;
use crate::engine::unfinished::Entered;
use crate::event::erased::EventRef;
use crate::event::{AnyEvent, DeliveryFailed, Event};
use crate::handler::Refusal;
use crate::letters::{DeadLetter, DeadLetterCause, LetterRecipient};

/// One posted event on its way to its handlers.
pub(crate) struct Delivering<'a> {
    pub(super) bus: &'a Arc<Engine>,
    pub(crate) event: &'a AnyEvent,
    /// The event, as its handlers see it.
    seen: EventRef<'a>,
    pub(crate) table: &'a Table,
    priority: Priority,
    key: Option<LaneKey>,
    /// What was taken, if the event is from a backlog, and the dead letters that there are of it.
    taken: Option<(&'a Taken, Vec<Arc<DeadLetter>>)>,
    pub(crate) span: Span,
    pub(crate) receipt: Receipt,
}

impl Engine {
    /// Delivers a posted event, if that takes no waiting; whether it did.
    pub(crate) fn deliver_at_once(self: &Arc<Self>, posted: &Posted) -> bool {
        let mut delivering = Delivering::new(self, &posted.event, posted.slot);
        if !delivering.table.asynchronous.is_empty() || self.looks_at(delivering.seen.head()) {
            return false;
        }
        delivering.begin(delivering.chain_refusal());
        self.waiters.settle(&posted.event, delivering.receipt);
        true
    }

    /// Delivers a posted event to the handlers that are not done with it. What failed is among the dead letters.
    pub(crate) async fn deliver_posted(self: &Arc<Self>, posted: &Posted, done: &mut Option<Vec<usize>>) {
        let chain = Delivering::new(self, &posted.event, posted.slot).chain_refusal();
        // One that was begun has gone its route.
        let is_routed = chain.is_some() || done.is_some();
        let way = if is_routed { Way::Nowhere } else { Way::Carried };
        let way = (way, done.is_none() && self.has_checked(posted.event.head()));
        let emitted = self.emitted(posted.event.clone(), way, None, |(event, verdict), _| {
            Box::pin(async move {
                let mut delivering = Delivering::new(self, &event, posted.slot);
                let refusal = verdict.err().map(Refusal::Vetoed).or(chain);
                if refusal.is_some() || done.is_none() {
                    delivering.begin(refusal);
                }
                delivering.finish(done.get_or_insert_default()).await;
                delivering.receipt
            })
        });
        // It is either delivered, which is in the log, or goes back into the queue.
        let receipt = emitted.await;
        self.waiters.settle(&posted.event, receipt);
    }
}

impl<'a> Delivering<'a> {
    #[inline]
    pub(crate) fn new(bus: &'a Arc<Engine>, event: &'a AnyEvent, slot: Slot) -> Self {
        Self::of(bus, event, slot.room.priority(), slot.key)
    }

    #[inline]
    pub(crate) fn of(
        bus: &'a Arc<Engine>,
        event: &'a AnyEvent,
        priority: Priority,
        key: Option<LaneKey>,
    ) -> Self {
        let seen = event.event_ref();
        let table = bus.tables.of(seen.event_type());
        let receipt = Receipt::new(&seen, table.outline);
        Self { bus, event, seen, table, priority, key, taken: None, span: Span::none(), receipt }
    }

    /// As [`new`](Self::new), of an event that was taken from a backlog.
    pub(crate) fn of_taken(
        bus: &'a Arc<Engine>,
        event: &'a AnyEvent,
        taken: &'a Taken,
        letters: Vec<Arc<DeadLetter>>,
    ) -> Self {
        let key = bus.queue.0.lane(event);
        Self { taken: Some((taken, letters)), ..Self::of(bus, event, taken.priority, key) }
    }

    /// Holds what handlers emit, which are stored under these identities if the event is from a backlog.
    pub(crate) fn hold(&self, handlers: Vec<String>) -> Hold {
        let hold = Hold::new(self.bus, self.seen.head(), self.key);
        let Some((taken, letters)) = &self.taken else { return hold };
        let infos = &self.table.outline.handlers;
        let is_of = |letter: &&Arc<DeadLetter>| match letter.recipient() {
            Some(LetterRecipient::Handler(id)) => handlers.iter().any(|handler| {
                handler == id || infos.iter().any(|info| info.has_id(handler) && info.has_id(id))
            }),
            _ => false,
        };
        let earlier = letters.iter().filter(is_of).cloned().collect();
        hold.taken(TakenBy::new(taken, handlers, earlier))
    }

    #[inline]
    pub(crate) fn step(&self) -> Step<'a> {
        Step::of_seen(self.seen, self.event, self.bus)
    }

    /// Why the event is not delivered if the chain that led to it is too long. What the bus has to tell of the last
    /// event of a chain, or of the first one beyond it, is delivered.
    pub(crate) fn chain_refusal(&self) -> Option<Refusal> {
        let head = self.seen.head();
        if !head.is_in_chain() {
            return None;
        }
        let refusal = self.step().chain_refusal()?;
        let is_told = self.seen.event_type() == Some(DeliveryFailed::event_type())
            && head.hops() <= self.bus.hop_limit.saturating_add(2);
        (!is_told).then_some(refusal)
    }

    /// Runs the sync handlers and the subscribers.
    fn begin(&mut self, refusal: Option<Refusal>) {
        if let Some(refusal) = refusal {
            self.table = self.bus.tables.nobody();
            return self.refuse(refusal).release(self.bus, self.priority);
        }
        let is_seen = self.look();
        let units = self.table.units();
        for unit in &units[..self.table.sync.len()] {
            let hold = Hold::new(self.bus, self.seen.head(), self.key);
            self.run(unit, &hold, is_seen);
            hold.release(self.bus, self.priority);
        }
        if is_seen || self.receipt.is_unhandled() {
            self.run_subscribers().release(self.bus, self.priority);
        }
    }

    /// Refuses the event, and all its handlers are done.
    pub(crate) fn refuse(&mut self, refusal: Refusal) -> Hold {
        let handlers = self.taken.as_ref().map(|(taken, _)| taken.handlers.clone());
        self.for_handlers(handlers.unwrap_or_default(), |step, _, receipt| refuse(step, receipt, refusal))
    }

    /// Whether anybody looks on; then there is a span.
    pub(crate) fn look(&mut self) -> bool {
        let is_seen = !self.bus.subscribers.is_empty() || is_traced();
        if is_seen {
            self.span = emit_span(&self.step());
        }
        is_seen
    }

    /// Runs one sync handler.
    pub(crate) fn run(&mut self, unit: &Table, hold: &Hold, is_seen: bool) {
        let step = Step::of_held(self.seen, self.event, self.bus, hold);
        hold.enter(|| {
            if is_seen {
                run_sync(&step, unit, None, &self.span, &mut self.receipt);
            } else {
                run_handlers::<false>(&step, unit, &mut self.receipt);
            }
        });
    }

    /// Runs the subscribers, which are no part of what is posted: what they post is not held. Refuses an event that
    /// must be handled, if it is not.
    pub(crate) fn run_subscribers(&mut self) -> Hold {
        let subscribers = self.bus.subscribers.snapshot(self.event.known_type());
        let nobody = self.bus.tables.nobody();
        let hold = self.as_whole(|step, span, receipt| {
            run_sync(step, nobody, subscribers.as_ref(), span, receipt);
            refuse_unhandled(step, receipt);
            if receipt.has_no_taker() && receipt.refusal().is_none() {
                step.bus.untaken.add(step);
            }
        });
        // It may have the last reference to a subscriber that is gone.
        drop_caught(subscribers);
        hold
    }

    /// Does what concerns the event, and no one handler; what that emits is held.
    pub(crate) fn as_whole(&mut self, act: impl FnOnce(&Step<'_>, &Span, &mut Receipt)) -> Hold {
        self.for_handlers(Vec::new(), act)
    }

    /// Makes a dead letter of the event for these handlers, which are done then.
    pub(crate) fn bury(&self, handlers: Vec<String>, cause: DeadLetterCause) -> Hold {
        let hold = self.hold(handlers);
        Step::of_held(self.seen, self.event, self.bus, &hold).bury(cause);
        hold
    }

    /// As [`as_whole`](Self::as_whole), and these handlers are done then.
    fn for_handlers(
        &mut self,
        handlers: Vec<String>,
        act: impl FnOnce(&Step<'_>, &Span, &mut Receipt),
    ) -> Hold {
        let hold = self.hold(handlers);
        let step = Step::of_held(self.seen, self.event, self.bus, &hold);
        act(&step, &self.span, &mut self.receipt);
        hold
    }

    /// Runs the async handlers that are not done, concurrently.
    async fn finish(&mut self, done: &mut Vec<usize>) {
        let (bus, event, span, priority) = (self.bus, self.event, &self.span, self.priority);
        let held = (priority, self.key);
        let units = &self.table.units()[self.table.sync.len()..];
        let step = self.step();
        let mut waiting = Waiting::new(&step, self.table);
        match units {
            [] => return,
            [only] => {
                let mut only = pin!(run_released(bus, event, (0, only), span, held));
                let (_, receipt) = poll_fn(|cx| waiting.poll(|| (only.as_mut().poll(cx), 1))).await;
                self.receipt.absorb(receipt);
            }
            units => {
                let mut calls = FuturesUnordered::new();
                for (place, unit) in units.iter().enumerate() {
                    if !done.contains(&place) {
                        calls.push(run_released(bus, event, (place, unit), span, held));
                    }
                }
                let mut next =
                    |cx: &mut Context<'_>| waiting.poll(|| (calls.poll_next_unpin(cx), calls.len()));
                while let Some((place, receipt)) = poll_fn(&mut next).await {
                    done.push(place);
                    self.receipt.absorb(receipt);
                }
            }
        }
        self.as_whole(|step, _, receipt| refuse_declined(step, receipt)).release(bus, priority);
    }
}

/// Runs one async handler to its end, and posts what it emitted; its place is returned.
async fn run_released(
    bus: &Arc<Engine>,
    event: &AnyEvent,
    (place, unit): (usize, &Table),
    span: &Span,
    (priority, key): (Priority, Option<LaneKey>),
) -> (usize, Receipt) {
    let hold = Hold::new(bus, event.head(), key);
    let receipt = run_async(bus, event, unit, &hold, span).await;
    hold.release(bus, priority);
    (place, receipt)
}

/// Runs one async handler to its end.
pub(crate) async fn run_async(
    bus: &Arc<Engine>,
    event: &AnyEvent,
    unit: &Table,
    hold: &Hold,
    span: &Span,
) -> Receipt {
    let step = Step::of_held(event.event_ref(), event, bus, hold);
    let mut receipt = Receipt::new(&step.event, unit.outline);
    let mut room = pin!(None);
    let mut calls = AsyncCalls::new(&step, unit);
    poll_fn(|cx| hold.enter(|| calls.poll(room.as_mut(), cx, span, &mut receipt))).await;
    receipt
}

/// A posted event whose handlers wait: a shutdown knows of it.
pub(crate) struct Waiting<'a> {
    step: &'a Step<'a>,
    table: &'a Table,
    entered: Option<Entered<'a>>,
}

impl<'a> Waiting<'a> {
    pub(crate) fn new(step: &'a Step<'a>, table: &'a Table) -> Self {
        Self { step, table, entered: None }
    }

    /// Polls the handlers, of which so many are left then.
    pub(crate) fn poll<T>(&mut self, poll: impl FnOnce() -> (Poll<T>, usize)) -> Poll<T> {
        let (polled, left) = Part::enter(self.entered.as_ref().map(Entered::part), poll);
        if polled.is_pending() {
            let entered = self.entered.get_or_insert_with(|| self.step.wait_for(self.table));
            entered.part().set_running(left);
        }
        polled
    }
}
