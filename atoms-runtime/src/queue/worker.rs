//! The tasks that deliver what was posted.

use std::any::Any;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll};

use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};

use super::crews::Member;
use super::lanes::{DoneHandlers, Posted, Slot};
use super::state::Queue;
use crate::caught::panic_message;
use crate::engine::Engine;
use crate::engine::under_way::Part;
use crate::text::Shown;

/// How many batches are started before other tasks of the executor have their turn.
const BATCHES_PER_POLL: usize = 8;

/// An event's delivery that waits for handlers; its slot in the queue is free when it is done.
type Running = Pin<Box<dyn Future<Output = Option<Slot>> + Send>>;

/// Takes events from the queue in batches, and drives those beside each other whose handlers wait.
struct Worker {
    bus: Weak<Engine>,
    /// What is to be started next.
    batch: Vec<Posted>,
    running: FuturesUnordered<Running>,
    /// The slots of the events that are done.
    done: Vec<Slot>,
    /// Whether the queue knows that this one waits for work.
    is_idle: bool,
    /// Dropped last: those that are left are woken when all is given back.
    member: Member,
}

/// Delivers what is in the queue, for as long as there is a bus.
pub(crate) async fn work(member: Member, bus: Weak<Engine>) {
    let (batch, running, done) = (Vec::new(), FuturesUnordered::new(), Vec::new());
    let mut worker = Worker { bus, batch, running, done, is_idle: false, member };
    poll_fn(|cx| worker.turn(cx)).await;
}

impl Worker {
    fn turn(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let mut was_idle = std::mem::take(&mut self.is_idle);
        if was_idle {
            self.member.queue.wakes(self.member.runtime, cx);
        }
        for _ in 0..BATCHES_PER_POLL {
            while let Poll::Ready(Some(slot)) = self.running.poll_next_unpin(cx) {
                self.done.extend(slot);
            }
            if self.batch.is_empty() && self.take_batch(std::mem::take(&mut was_idle), cx) {
                break;
            }
            if self.batch.is_empty() {
                self.is_idle = true;
                return Poll::Pending;
            }
            let Some(bus) = self.bus.upgrade() else {
                self.batch.drain(..).for_each(|posted| drop(posted.cancelled()));
                return Poll::Ready(());
            };
            self.start_batch(&bus, cx);
        }
        // A task that wakes itself goes to the end of its thread's queue, from where other threads take it, and
        // one of them is woken. One that another task wakes is kept for this thread alone.
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Starts what was taken. Of a bus that is shutting down only the first event: what was not started when the
    /// deadline comes must not run after it.
    fn start_batch(&mut self, bus: &Arc<Engine>, cx: &mut Context<'_>) {
        let mut batch = std::mem::take(&mut self.batch);
        let mut left = Vec::new();
        for (place, posted) in batch.drain(..).enumerate() {
            if place > 0 && self.member.queue.is_closing() {
                left.push(posted);
            } else {
                self.start(bus, posted, cx);
            }
        }
        left.into_iter().rev().for_each(|posted| self.member.queue.put_back(posted));
        self.batch = batch;
    }

    /// Whether other threads should have a chance before the batch is started.
    fn take_batch(&mut self, was_idle: bool, cx: &mut Context<'_>) -> bool {
        let (queue, runtime) = (&self.member.queue, self.member.runtime);
        queue.next_batch(runtime, &mut self.batch, &mut self.done, was_idle, cx) && !self.batch.is_empty()
    }

    fn start(&mut self, bus: &Arc<Engine>, posted: Posted, cx: &mut Context<'_>) {
        let is_done = catch_unwind(AssertUnwindSafe(|| bus.deliver_at_once(&posted)));
        if is_done.unwrap_or_else(|panic| {
            log_panic(panic);
            bus.waiters.give_up(&posted.event);
            true
        }) {
            return self.done.push(posted.slot);
        }
        let begun = Begun::new(&self.member.queue, posted);
        let mut delivery = finish(Arc::clone(bus), begun);
        // Polled at once, so that it is known what it waits for if it is ended.
        match delivery.as_mut().poll(cx) {
            Poll::Ready(slot) => self.done.extend(slot),
            Poll::Pending => self.running.push(delivery),
        }
    }
}

/// What failed is among the dead letters; what panics here is some event's `Drop`, or the like. Returns what it said.
pub(crate) fn log_panic(panic: Box<dyn Any + Send>) -> String {
    // Not among the fields, which are not looked at if nobody listens: what is thrown may throw again.
    let panic = panic_message(panic);
    tracing::error!(panic = %Shown(&panic), "a delivery panicked");
    panic
}

/// An event whose delivery may be ended before it is done, with the runtime that it runs in: then it goes back
/// into the queue.
struct Begun {
    queue: Arc<Queue>,
    posted: Option<Posted>,
    /// The places of the async handlers that are done, once the others are.
    done: Option<Vec<usize>>,
}

impl Begun {
    fn new(queue: &Arc<Queue>, mut posted: Posted) -> Self {
        let done = posted.done.take().map(|done| done.0);
        Self { queue: Arc::clone(queue), posted: Some(posted), done }
    }

    async fn deliver(&mut self, bus: &Arc<Engine>) {
        if let Some(posted) = &self.posted {
            bus.deliver_posted(posted, &mut self.done).await;
        }
    }

    fn hand_over(&mut self) -> Option<Slot> {
        self.posted.take().map(|posted| posted.slot)
    }
}

impl Drop for Begun {
    fn drop(&mut self) {
        if let Some(mut posted) = self.posted.take() {
            posted.done = self.done.take().map(|done| Box::new(DoneHandlers(done)));
            self.queue.take_back(posted);
        }
    }
}

fn finish(bus: Arc<Engine>, mut begun: Begun) -> Running {
    // It is counted for as long as it is begun.
    let part = Part::of_counted(&bus.under_way);
    Box::pin(async move {
        let delivered = AssertUnwindSafe(part.around(begun.deliver(&bus))).catch_unwind().await;
        if let Err(panic) = delivered {
            log_panic(panic);
            begun.posted.iter().for_each(|posted| bus.waiters.give_up(&posted.event));
        }
        begun.hand_over()
    })
}

/// The worker was ended: what it did not do goes back.
impl Drop for Worker {
    fn drop(&mut self) {
        let queue = &self.member.queue;
        queue.free(&mut self.done);
        self.batch.drain(..).rev().for_each(|posted| queue.take_back(posted));
    }
}
