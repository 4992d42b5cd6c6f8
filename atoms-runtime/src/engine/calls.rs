//! Calling the handlers of one event: sync ones in a loop, async ones concurrently.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tracing::Span;

use super::receipt::Receipt;
use super::runner::{HandlerFuture, NotDone, Outcome, RunAsync};
use super::scope;
use super::step::Step;
use super::subscribers::Snapshot;
use super::table::Table;
use super::trace::handler_span;
use crate::caught::caught;
use crate::handler::{FailureKind, Recipient};
use crate::letters::{Attempt, DeadLetterCause};
use crate::text::Shown;

/// What a handler returned, or what it panicked with.
type Caught = Result<Outcome, Box<dyn Any + Send>>;

/// Runs the sync handlers when nobody else looks on. Root events have a copy of their own, which is inlined.
#[inline]
pub(crate) fn run_handlers<const OF_ROOT: bool>(step: &Step<'_>, table: &Table, receipt: &mut Receipt) {
    scope::enter(step.event.head(), || {
        for (place, run) in table.sync.iter().enumerate() {
            let outcome = catch_unwind(AssertUnwindSafe(|| run.run(step)));
            if !matches!(outcome, Ok(Ok(()))) {
                record(step, receipt, Recipient::Handler(table.outline.handlers[place]), outcome);
            }
        }
    });
}

/// Runs the sync handlers, then the subscribers.
pub(crate) fn run_sync(
    step: &Step<'_>,
    table: &Table,
    subscribers: Option<&Snapshot>,
    span: &Span,
    receipt: &mut Receipt,
) {
    scope::enter(step.event.head(), || {
        for (run, info) in table.sync.iter().zip(&table.outline.handlers) {
            let recipient = Recipient::Handler(info);
            let call = || catch_unwind(AssertUnwindSafe(|| run.run(step)));
            let outcome =
                if span.is_disabled() { call() } else { handler_span(span, recipient).in_scope(call) };
            if !matches!(outcome, Ok(Ok(()))) {
                record(step, receipt, recipient, outcome);
            }
        }
        for subscriber in subscribers.into_iter().flat_map(Snapshot::iter) {
            let recipient = subscriber.recipient();
            receipt.add_subscriber(recipient, subscriber.is_typed());
            let call = || catch_unwind(AssertUnwindSafe(|| subscriber.call(step)));
            let outcome = handler_span(span, recipient).in_scope(call);
            record(step, receipt, recipient, outcome.map(Ok));
        }
    });
}

/// The async handlers of one event, which run concurrently.
///
/// Each is polled once when it is started. The first that is not done then keeps the room of the
/// emit's future; those that are started after it get a box. The room is not in here, since what is
/// made in one place and pinned in another is moved, and this much costs more than a short handler.
pub(crate) struct AsyncCalls<'a> {
    step: &'a Step<'a>,
    table: &'a Table,
    started: usize,
    in_room: Invocation<'a>,
    boxed: Option<FuturesUnordered<Pin<Box<BoxedInvocation<'a>>>>>,
}

/// Where the future of one handler lives.
pub(crate) type FutureRoom<'a, 'r> = Pin<&'r mut Option<HandlerFuture<'a>>>;

impl<'a> AsyncCalls<'a> {
    #[inline]
    pub(crate) fn new(step: &'a Step<'a>, table: &'a Table) -> Self {
        Self { step, table, started: 0, in_room: Invocation::new(step), boxed: None }
    }

    /// How many handlers were started and are not done.
    pub(crate) fn running(&self) -> usize {
        usize::from(self.in_room.is_running()) + self.boxed.as_ref().map_or(0, FuturesUnordered::len)
    }

    /// Starts the handlers and drives them; ready when all are done.
    pub(crate) fn poll(
        &mut self,
        mut room: FutureRoom<'a, '_>,
        cx: &mut Context<'_>,
        span: &Span,
        receipt: &mut Receipt,
    ) -> Poll<()> {
        let step = self.step;
        while let Some(handler) = self.table.asynchronous.get(self.started) {
            let recipient = Recipient::Handler(self.table.async_handlers()[self.started]);
            self.started += 1;
            let polled = if self.in_room.is_running() {
                self.start_boxed(&**handler, recipient, span, cx)
            } else {
                self.in_room.start(room.as_mut(), &**handler, recipient, span, cx)
            };
            if let Poll::Ready((recipient, outcome)) = polled
                && !matches!(outcome, Ok(Ok(())))
            {
                record(step, receipt, recipient, outcome);
            }
        }
        while self.in_room.is_running() || self.boxed.is_some() {
            let Some((recipient, outcome)) = ready!(self.poll_next(room.as_mut(), cx)) else { break };
            record(step, receipt, recipient, outcome);
        }
        Poll::Ready(())
    }

    #[cold]
    fn start_boxed(
        &mut self,
        handler: &'a dyn RunAsync,
        recipient: Recipient,
        span: &Span,
        cx: &mut Context<'_>,
    ) -> Poll<(Recipient, Caught)> {
        let mut boxed = Box::pin(BoxedInvocation { future: None, call: Invocation::new(self.step) });
        let this = boxed.as_mut().project();
        let polled = this.call.start(this.future, handler, recipient, span, cx);
        if polled.is_pending() {
            self.boxed.get_or_insert_default().push(boxed);
        }
        polled
    }

    /// The next call that is done, in the room or in a box; `None` when all are.
    fn poll_next(
        &mut self,
        room: FutureRoom<'a, '_>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<(Recipient, Caught)>> {
        let in_room =
            if self.in_room.is_running() { self.in_room.poll(room, cx).map(Some) } else { Poll::Ready(None) };
        if let Poll::Ready(Some(_)) = in_room {
            return in_room;
        }
        match self.boxed.as_mut().map_or(Poll::Ready(None), |boxed| boxed.poll_next_unpin(cx)) {
            Poll::Ready(None) => in_room,
            polled => polled,
        }
    }
}

/// Puts what became of a call into the receipt, and into the log if it failed.
#[cold]
fn record(step: &Step<'_>, receipt: &mut Receipt, recipient: Recipient, outcome: Caught) {
    match outcome.unwrap_or_else(|panic| Err(NotDone::panicked(panic))).map_err(|not_done| *not_done) {
        Ok(()) => {}
        Err(NotDone::Skipped) => receipt.skip(recipient),
        Err(NotDone::Failed { earlier, kind }) => {
            // Subscribers have nothing of their own that is held.
            if let Recipient::Handler(_) = recipient {
                step.discard_held();
            }
            let is_answered = step.is_answered_by(recipient);
            log_failure(step, recipient, &kind, is_answered);
            let failed = Attempt::new(&kind);
            receipt.fail(recipient, Arc::new(kind));
            if is_answered {
                return; // Who asked is told, and nobody could do anything with a late reply.
            }
            step.bury(DeadLetterCause::failed(recipient, earlier.into_iter().chain([failed]).collect()));
        }
    }
}

/// An error that the handler of a request returns is an answer: whoever asks gets it.
fn log_failure(step: &Step<'_>, recipient: Recipient, kind: &FailureKind, is_answered: bool) {
    let (event_type, id, error) = (step.event.name(), step.event.head().id(), Shown(kind));
    if is_answered && matches!(kind, FailureKind::Error(_)) {
        tracing::debug!(r#type = event_type, %id, %recipient, %error, "a handler answered a request with an error");
    } else {
        tracing::error!(r#type = event_type, %id, %recipient, %error, "a handler failed");
    }
}

/// One call of an async handler, without its future.
struct Invocation<'a> {
    step: &'a Step<'a>,
    /// Who is called, until it is done.
    recipient: Option<Recipient>,
    span: Span,
}

impl<'a> Invocation<'a> {
    #[inline]
    fn new(step: &'a Step<'a>) -> Self {
        Self { step, recipient: None, span: Span::none() }
    }

    #[inline]
    fn is_running(&self) -> bool {
        self.recipient.is_some()
    }

    /// Calls a handler, and polls its future once.
    fn start(
        &mut self,
        mut room: FutureRoom<'a, '_>,
        handler: &'a dyn RunAsync,
        recipient: Recipient,
        span: &Span,
        cx: &mut Context<'_>,
    ) -> Poll<(Recipient, Caught)> {
        self.recipient = Some(recipient);
        if !span.is_disabled() {
            self.span = handler_span(span, recipient);
        }
        handler.start(self.step, room.as_mut());
        self.poll(room, cx)
    }

    fn poll(&mut self, mut room: FutureRoom<'a, '_>, cx: &mut Context<'_>) -> Poll<(Recipient, Caught)> {
        let Some(recipient) = self.recipient else { return Poll::Pending };
        let head = self.step.event.head();
        let poll = || {
            let Some(future) = room.as_mut().as_pin_mut() else { return Poll::Pending };
            let polled = future.poll(cx);
            if polled.is_ready() {
                room.set(None);
            }
            polled
        };
        let call = || catch_unwind(AssertUnwindSafe(|| scope::enter(head, poll)));
        let polled = if self.span.is_disabled() { call() } else { self.span.in_scope(call) };
        let outcome = match polled {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(outcome)) => Ok(outcome),
            Err(panic) => {
                empty(room);
                Err(panic)
            }
        };
        self.recipient = None;
        Poll::Ready((recipient, outcome))
    }
}

/// Drops the future of a handler that panicked. What this panics with comes too late.
#[cold]
fn empty(mut room: FutureRoom<'_, '_>) {
    let _ = caught(|| room.set(None));
}

impl Drop for Invocation<'_> {
    #[inline]
    fn drop(&mut self) {
        if let Some(recipient) = self.recipient {
            log_cancelled(self.step, recipient);
        }
    }
}

#[cold]
fn log_cancelled(step: &Step<'_>, recipient: Recipient) {
    let (event_type, id) = (step.event.name(), step.event.head().id());
    tracing::warn!(r#type = event_type, %id, %recipient, "a handler was cancelled");
}

pin_project_lite::pin_project! {
    /// A call whose future found the room taken.
    struct BoxedInvocation<'a> {
        #[pin]
        future: Option<HandlerFuture<'a>>,
        call: Invocation<'a>,
    }
}

impl Future for BoxedInvocation<'_> {
    type Output = (Recipient, Caught);

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        this.call.poll(this.future, cx)
    }
}
