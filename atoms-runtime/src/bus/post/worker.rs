//! The tasks that deliver what was posted.

use std::any::Any;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll};

use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};

use super::lanes::{Posted, Slot};
use super::queue::Queue;
use crate::bus::Shared;
use crate::bus::deliver::Rest;
use crate::bus::run::panic_message;
use crate::event::Shown;

/// How many batches are started before other tasks of the executor have their turn.
const BATCHES_PER_POLL: usize = 8;

/// An event's delivery that waits for handlers; its slot in the queue is free when it is done.
type Running = Pin<Box<dyn Future<Output = Option<Slot>> + Send>>;

/// Takes events from the queue in batches, and drives those beside each other whose handlers wait.
struct Worker {
    queue: Arc<Queue>,
    bus: Weak<Shared>,
    sees_delays: bool,
    batch: Vec<Posted>,
    running: FuturesUnordered<Running>,
    /// The slots of the events that are done.
    done: Vec<Slot>,
    /// Whether the queue knows that this one waits for work.
    is_idle: bool,
}

/// Delivers what is in the queue, for as long as there is a bus.
pub(super) async fn work(queue: Arc<Queue>, bus: Weak<Shared>, sees_delays: bool) {
    let (batch, running, done) = (Vec::new(), FuturesUnordered::new(), Vec::new());
    let mut worker = Worker { queue, bus, sees_delays, batch, running, done, is_idle: false };
    poll_fn(|cx| worker.turn(cx)).await;
}

impl Worker {
    fn turn(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if std::mem::take(&mut self.is_idle) {
            self.queue.wakes(cx);
        }
        for _ in 0..BATCHES_PER_POLL {
            while let Poll::Ready(Some(slot)) = self.running.poll_next_unpin(cx) {
                self.done.extend(slot);
            }
            self.queue.next_batch(&mut self.batch, &mut self.done, self.sees_delays, cx);
            if self.batch.is_empty() {
                self.is_idle = true;
                return Poll::Pending;
            }
            let Some(bus) = self.bus.upgrade() else {
                self.batch.iter().for_each(|posted| drop(posted.cancelled()));
                return Poll::Ready(());
            };
            let mut batch = std::mem::take(&mut self.batch);
            batch.drain(..).for_each(|posted| self.start(&bus, posted, cx));
            self.batch = batch;
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    fn start(&mut self, bus: &Arc<Shared>, posted: Posted, cx: &mut Context<'_>) {
        let (slot, event) = (posted.slot(), posted.event);
        let rest = catch_unwind(AssertUnwindSafe(|| bus.deliver_at_once(event)));
        let Some(rest) = rest.unwrap_or_else(|panic| log_panic(panic, None)) else {
            return self.done.push(slot);
        };
        let held = Held { queue: Arc::clone(&self.queue), slot: Some(slot) };
        let mut delivery = finish(Arc::clone(bus), rest, held);
        // Polled at once, so that it is known what it waits for if it is ended.
        match delivery.as_mut().poll(cx) {
            Poll::Ready(slot) => self.done.extend(slot),
            Poll::Pending => self.running.push(delivery),
        }
    }
}

/// What failed is among the dead letters; what panics here is some event's `Drop`, or the like.
fn log_panic<T>(panic: Box<dyn Any + Send>, instead: T) -> T {
    // Not among the fields, which are not looked at if nobody listens: what is thrown may throw again.
    let panic = panic_message(panic);
    tracing::error!(panic = %Shown(&panic), "a delivery panicked");
    instead
}

/// The slot of an event whose delivery may be ended before it is done.
struct Held {
    queue: Arc<Queue>,
    slot: Option<Slot>,
}

impl Held {
    fn hand_over(&mut self) -> Option<Slot> {
        self.slot.take()
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(slot) = self.slot.take() {
            self.queue.free(&mut vec![slot]);
        }
    }
}

fn finish(bus: Arc<Shared>, rest: Rest, mut held: Held) -> Running {
    Box::pin(async move {
        let delivered = AssertUnwindSafe(bus.deliver_rest(rest)).catch_unwind().await;
        delivered.unwrap_or_else(|panic| log_panic(panic, ()));
        held.hand_over()
    })
}

/// The worker was ended: so is what it ran.
impl Drop for Worker {
    fn drop(&mut self) {
        self.queue.free(&mut self.done);
    }
}
