//! Calling the handlers of one event: sync ones in a loop, async ones concurrently.

use std::any::Any;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tracing::Span;

use super::delivery::Step;
use super::failure::{FailureKind, Recipient};
use super::receipt::Receipt;
use super::run::{HandlerFuture, Outcome};
use super::scope;
use super::subscribers::Snapshot;
use super::table::Table;
use super::trace::handler_span;

/// What a handler returned, or what it panicked with.
type Caught = Result<Outcome, Box<dyn Any + Send>>;

/// Runs the sync handlers, then the subscribers.
pub(super) fn run_sync(
    step: &Step<'_>,
    table: &Table,
    subscribers: Option<&Snapshot>,
    span: &Span,
    receipt: &mut Receipt,
) {
    scope::enter(step.event.head(), || {
        for (run, info) in table.sync.iter().zip(table.handlers) {
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

/// Runs the async handlers.
///
/// Each is polled once when it is started. The first that is not done then keeps the room in this
/// future; those that are started after it get a box.
pub(super) async fn run_async(step: &Step<'_>, table: &Table, span: &Span, receipt: &mut Receipt) {
    let mut room = pin!(None::<Call<'_>>);
    let mut boxed = None::<FuturesUnordered<Pin<Box<Call<'_>>>>>;
    for (handler, info) in table.asynchronous.iter().zip(table.async_handlers()) {
        let recipient = Recipient::Handler(info);
        let start = || catch_unwind(AssertUnwindSafe(|| handler.start(step)));
        let call = match scope::enter(step.event.head(), start) {
            Ok(future) => Call::new(future, recipient, step, handler_span(span, recipient)),
            Err(panic) => {
                record(step, receipt, recipient, Err(panic));
                continue;
            }
        };
        let polled = if room.is_none() {
            room.set(Some(call));
            poll_fn(|cx| Poll::Ready(poll_room(room.as_mut(), cx))).await
        } else {
            let mut call = Box::pin(call);
            let polled = poll_fn(|cx| Poll::Ready(call.as_mut().poll(cx))).await;
            if polled.is_pending() {
                boxed.get_or_insert_default().push(call);
            }
            polled.map(Some)
        };
        if let Poll::Ready(Some((recipient, outcome))) = polled {
            record(step, receipt, recipient, outcome);
        }
    }
    while let Some((recipient, outcome)) = poll_fn(|cx| poll_both(room.as_mut(), &mut boxed, cx)).await {
        record(step, receipt, recipient, outcome);
    }
}

/// Polls the call in the room, and clears the room when it is done.
fn poll_room(
    mut room: Pin<&mut Option<Call<'_>>>,
    cx: &mut Context<'_>,
) -> Poll<Option<(Recipient, Caught)>> {
    let Some(call) = room.as_mut().as_pin_mut() else { return Poll::Ready(None) };
    let done = ready!(call.poll(cx));
    room.set(None);
    Poll::Ready(Some(done))
}

/// The next call that is done, in the room or in a box; `None` when all are.
fn poll_both(
    mut room: Pin<&mut Option<Call<'_>>>,
    boxed: &mut Option<FuturesUnordered<Pin<Box<Call<'_>>>>>,
    cx: &mut Context<'_>,
) -> Poll<Option<(Recipient, Caught)>> {
    let in_room = poll_room(room.as_mut(), cx);
    if let Poll::Ready(Some(_)) = in_room {
        return in_room;
    }
    match boxed.as_mut().map_or(Poll::Ready(None), |boxed| boxed.poll_next_unpin(cx)) {
        Poll::Ready(None) => in_room,
        polled => polled,
    }
}

/// Puts what became of a call into the receipt, and into the log if it failed.
fn record(step: &Step<'_>, receipt: &mut Receipt, recipient: Recipient, outcome: Caught) {
    let failure = match outcome {
        Ok(Ok(())) => return,
        Ok(Err(failure)) => *failure,
        Err(panic) => FailureKind::Panic(panic_message(panic)),
    };
    let (event_type, id) = (step.event.name(), step.event.head().id());
    tracing::error!(r#type = event_type, %id, %recipient, error = %failure, "a handler failed");
    receipt.fail(recipient, failure);
}

fn panic_message(panic: Box<dyn Any + Send>) -> String {
    match panic.downcast::<String>() {
        Ok(text) => *text,
        Err(panic) => {
            panic.downcast_ref::<&str>().map_or_else(|| "no message".to_owned(), ToString::to_string)
        }
    }
}

pin_project_lite::pin_project! {
    /// One call of an async handler.
    struct Call<'a> {
        #[pin]
        future: HandlerFuture<'a>,
        recipient: Recipient,
        step: &'a Step<'a>,
        span: Span,
        done: bool,
    }

    impl PinnedDrop for Call<'_> {
        fn drop(this: Pin<&mut Self>) {
            if !this.done {
                let (event_type, id) = (this.step.event.name(), this.step.event.head().id());
                tracing::warn!(r#type = event_type, %id, recipient = %this.recipient, "a handler was cancelled");
            }
        }
    }
}

impl<'a> Call<'a> {
    fn new(future: HandlerFuture<'a>, recipient: Recipient, step: &'a Step<'a>, span: Span) -> Self {
        Self { future, recipient, step, span, done: false }
    }
}

impl Future for Call<'_> {
    type Output = (Recipient, Caught);

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let poll = || scope::enter(this.step.event.head(), || this.future.poll(cx));
        let polled = this.span.in_scope(|| catch_unwind(AssertUnwindSafe(poll)));
        let outcome = match polled {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(outcome)) => Ok(outcome),
            Err(panic) => Err(panic),
        };
        *this.done = true;
        Poll::Ready((*this.recipient, outcome))
    }
}
