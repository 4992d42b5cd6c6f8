//! The tasks that deliver what is taken from a backlog.

use std::future::poll_fn;
use std::panic::AssertUnwindSafe;
use std::pin::{Pin, pin};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::task::Poll;

use futures_util::future::{Either, select};
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use tokio::time::sleep;

use super::backlog::{Acknowledgement, Taken};
use super::stored::{Member, RETRY, Stored, failed};
use super::worker::log_panic;
use crate::engine::Engine;
use crate::engine::under_way::Part;
use crate::store::StoreError;

/// How many events a worker has begun at most.
const BEGUN: usize = 256;

type Running = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Takes and delivers events, until the backlog is closed, or there is no bus.
pub(super) async fn work(member: Member, bus: Weak<Engine>) {
    let stored = Arc::clone(&member.stored);
    let mut running: FuturesUnordered<Running> = FuturesUnordered::new();
    let mut wait = RETRY[0];
    while let Some(bus) = bus.upgrade() {
        let mut changed = pin!(stored.changed.notified());
        changed.as_mut().enable();
        let is_closing = stored.is_closing.load(Ordering::Relaxed);
        let taken = match is_closing || running.len() >= BEGUN {
            true => Ok(Vec::new()),
            false => beside(&mut running, stored.take()).await,
        };
        match taken {
            Err(error) => {
                failed("taking posted events", &error);
                drop(bus);
                beside(&mut running, select(changed, pin!(sleep(wait)))).await;
                wait = (2 * wait).min(RETRY[1]);
            }
            Ok(taken) if taken.is_empty() => {
                drop(bus);
                if is_closing {
                    while running.next().await.is_some() {}
                    break;
                } else if running.len() >= BEGUN {
                    running.next().await;
                } else if let Err(error) = beside(&mut running, ready_or(&stored, changed)).await {
                    failed("waiting for posted events", &error);
                    beside(&mut running, sleep(wait)).await;
                }
            }
            Ok(taken) => {
                wait = RETRY[0];
                begin(&bus, &stored, taken, &mut running).await;
                // Others have their turn.
                drop(bus);
                beside(&mut running, tokio::task::yield_now()).await;
            }
        }
    }
    drop((running, member));
}

/// Starts what was taken.
async fn begin(
    bus: &Arc<Engine>,
    stored: &Arc<Stored>,
    taken: Vec<Taken>,
    running: &mut FuturesUnordered<Running>,
) {
    for taken in taken {
        let mut delivery = deliver(bus, Begun { stored: Arc::clone(stored), taken, is_done: false });
        // Polled at once, so that it is known what it waits for if it is ended.
        let polled = poll_fn(|cx| Poll::Ready(delivery.as_mut().poll(cx))).await;
        if polled.is_pending() {
            running.push(delivery);
        }
    }
}

/// Waits until there is something to take, or something else has changed.
async fn ready_or(stored: &Stored, changed: impl Future<Output = ()>) -> Result<(), StoreError> {
    match select(stored.backlog.ready(), pin!(changed)).await {
        Either::Left((ready, _)) => ready,
        Either::Right(_) => Ok(()),
    }
}

/// Drives the deliveries while something else is waited for.
async fn beside<T>(running: &mut FuturesUnordered<Running>, other: impl Future<Output = T>) -> T {
    let mut other = pin!(other);
    poll_fn(|cx| {
        while let Poll::Ready(Some(())) = running.poll_next_unpin(cx) {}
        other.as_mut().poll(cx)
    })
    .await
}

/// An event that was taken: it is given back if its delivery is ended before it is done.
pub(super) struct Begun {
    pub(super) stored: Arc<Stored>,
    pub(super) taken: Taken,
    is_done: bool,
}

impl Drop for Begun {
    fn drop(&mut self) {
        if !self.is_done {
            self.stored.give_back(self.taken.ticket);
        }
        self.stored.under_way.remove(1);
    }
}

fn deliver(bus: &Arc<Engine>, mut begun: Begun) -> Running {
    let bus = Arc::clone(bus);
    // It is counted for as long as it is begun.
    let part = Part::of_counted(&bus.under_way);
    Box::pin(async move {
        let delivered = AssertUnwindSafe(part.around(bus.deliver_taken(&begun))).catch_unwind().await;
        if let Err(panic) = delivered {
            // What panics here is no handler. It would again, and hold up its key for ever.
            log_panic(panic, ());
            let (ticket, handlers) = (begun.taken.ticket, begun.taken.handlers.clone());
            begun.stored.acknowledge(Acknowledgement::new(ticket, handlers)).await;
        }
        begun.is_done = true;
        drop(begun);
    })
}
