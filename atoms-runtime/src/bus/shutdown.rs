//! Waiting until nothing is under way, and ending a bus.

use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{OptionFuture, join};

use crate::engine::Bus;
use crate::engine::first_poll::Others;
use crate::engine::under_way::LeftOut;
use crate::engine::unfinished::Unfinished;
use crate::queue::DelayedEvent;

/// The deadline of a [`shutdown`](Bus::shutdown) came before all deliveries had ended.
#[derive(Clone, thiserror::Error)]
#[error("deliveries did not end within {deadline:?}, {} of them known: {}", unfinished.len(), list(unfinished))]
pub struct ShutdownError {
    deadline: Duration,
    unfinished: Vec<Unfinished>,
    delayed: Vec<DelayedEvent>,
}

/// As many deliveries as a message has room for.
fn list(unfinished: &[Unfinished]) -> String {
    const SHOWN: usize = 8;
    let shown: Vec<_> = unfinished.iter().take(SHOWN).map(ToString::to_string).collect();
    let more = if unfinished.len() > SHOWN { ", ..." } else { "" };
    shown.join(", ") + more
}

crate::text::debug_as_display!(ShutdownError);

impl ShutdownError {
    /// Returns the deliveries that did not end: emits that wait for handlers, detached handlers and [what else is
    /// detached](Bus::spawn_detached), and posted events that were not handled.
    pub fn unfinished(&self) -> &[Unfinished] {
        &self.unfinished
    }

    /// Returns the posted events that were not due yet, as [`shutdown`](Bus::shutdown) without an error does.
    pub fn delayed(&self) -> &[DelayedEvent] {
        &self.delayed
    }
}

/// How long a store is waited for that is let go of.
const LETTING_GO: Duration = Duration::from_millis(100);

impl Bus {
    /// Waits until nothing is under way: no emit that waits for a handler, no posted event, no detached handler, and
    /// [nothing else](Self::busy) that counts. Posted events that are not due yet do not count. An emit on another thread whose handlers have not waited yet does not
    /// count either: only [`shutdown`](Self::shutdown) waits for it.
    ///
    /// In a handler, this does not wait for the handler's own call, nor for the emits that wait for that call. It
    /// waits for all other handlers of the event. Cancel-safe.
    pub async fn idle(&self) {
        let left_out = LeftOut::caller().await;
        self.until_idle(&left_out, true).await;
    }

    /// Whoever waits with no time at all runs nothing meanwhile.
    async fn until_idle(&self, left_out: &LeftOut, has_time: bool) {
        // Sessions post into the queue on any bus.
        let see_to = || {
            let queue = has_time.then(|| self.0.queue.0.see_to(self)).flatten();
            let stored = self.0.stored().filter(|_| has_time).and_then(|stored| stored.see_to(self));
            let is_either = queue.is_some() || stored.is_some();
            is_either.then(|| join(OptionFuture::from(queue), OptionFuture::from(stored)).map(drop))
        };
        self.0.under_way.idle(left_out.is_under_way(), see_to).await;
    }

    /// Waits until the tasks of the bus in this runtime, which have ended or are cancelled, hold nothing of its store any more,
    /// so that another one may have that.
    async fn let_go(&self) {
        // So that they have their turn, and are dropped.
        tokio::task::yield_now().await;
        if let Some(stored) = self.0.stored() {
            // Some may run without an await.
            let _ended = tokio::time::timeout(LETTING_GO, stored.ended()).await;
        }
    }

    /// Refuses all events that are emitted or posted from now on, also by running handlers, but not the requests that these
    /// ask, nor what they post [for later](crate::Post::after). Waits until all deliveries
    /// and all posted events from before are done, and then ends all subscriptions, streams and expectations.
    ///
    /// Posted events that are not due yet are cancelled at once, and returned, sorted by when they are due: as many as the
    /// bus has taken ([`queue_capacity`](crate::BusBuilder::queue_capacity)), and what running handlers post for later
    /// until this is ready, up to 65,536 events with as many bytes as each priority has. In another
    /// [backlog](crate::Backlog), both stay, and are not returned. At the deadline, detached handlers and posted events
    /// are cancelled as well; an emit belongs to its caller, and goes on. The error lists the deliveries that did not
    /// end, with the [event](Unfinished::event) of each that was posted and that no handler has begun. It does not list what a thread is running at that time without an await, nor the up to 15 posted events
    /// that the thread has taken to run after that. There is an error for these all the same, and the 15 events are not
    /// run any more. Needs a tokio runtime with time enabled.
    ///
    /// After this, the bus has no tasks in this runtime that hold its [backlog](crate::Backlog): when the last clone of the
    /// bus is dropped as well, another one may have the store.
    ///
    /// In a handler, this neither waits for nor lists what [`idle`](Self::idle) does not wait for. If the deadline
    /// comes, a posted or detached handler that called this is itself cancelled, at its next await.
    ///
    /// Cancel-safe: it may be called again.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use atoms::{Bus, event};
    /// # #[event(type = "shop.payment.overdue")]
    /// # struct PaymentOverdue;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let (bus, next) = (Bus::builder().without_discovery().start()?, Bus::builder().without_discovery().start()?);
    /// bus.post(PaymentOverdue).after(Duration::from_secs(86_400)).await?;
    /// for delayed in bus.shutdown(Duration::from_secs(10)).await? {
    ///     let due = delayed.due();
    ///     next.post_any(delayed.into_event()).at(due).await?;
    /// }
    /// assert_eq!(next.delayed().list().await?.len(), 1);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn shutdown(&self, deadline: Duration) -> Result<Vec<DelayedEvent>, ShutdownError> {
        self.0.closed.store(true, Ordering::Relaxed);
        self.0.queue.0.close();
        let mut unfinished = Vec::new();
        self.0.stored().into_iter().for_each(|stored| stored.close());
        self.0.extensions.close();
        let left_out = LeftOut::caller().await;
        let others = Others::of_closed(&self.0).await;
        let ended = async {
            others.done().await;
            self.until_idle(&left_out, !deadline.is_zero()).await;
        };
        let is_late = tokio::time::timeout(deadline, ended).await.is_err();
        if is_late {
            unfinished.extend(self.0.in_flight.list());
            unfinished.extend(self.0.queue.0.abort());
            self.0.stored().into_iter().for_each(|stored| stored.abort());
            self.0.tasks.abort();
        }
        self.0.tasks.close();
        self.0.subscribers.close();
        self.0.extensions.end();
        self.0.waiters.close();
        if !left_out.is_under_way() {
            self.let_go().await;
        }
        let delayed = self.0.queue.0.undelivered();
        if is_late { Err(ShutdownError { deadline, unfinished, delayed }) } else { Ok(delayed) }
    }
}
