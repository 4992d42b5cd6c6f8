//! The tasks that deliver what is taken from a backlog.

use std::future::poll_fn;
use std::panic::AssertUnwindSafe;
use std::pin::{Pin, pin};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::task::Poll;
use std::time::{Duration, Instant};

use futures_util::future::{Either, select};
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use tokio::time::sleep;

use super::backlog::{Acknowledgement, Taken};
use super::stored::{Member, RETRY, Stored, failed};
use super::worker::log_panic;
use crate::engine::Engine;
use crate::engine::under_way::Part;
use crate::handler::FailureKind;
use crate::letters::{Attempt, DeadLetterCause, LetterRecipient};
use crate::store::StoreError;

/// How many events a worker has begun at most.
const BEGUN: usize = 256;

/// How many events a worker takes at once: the fewest, and the most.
const BATCH: [usize; 2] = [16, 128];

/// How long events may take to be begun, and how many bytes they may have, for a worker to take more of them next time.
const QUICK: Duration = Duration::from_millis(2);
const SMALL: usize = 256 * 1024;

type Running = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Takes and delivers events, until the backlog is closed, or there is no bus.
pub(super) async fn work(member: Member, bus: Weak<Engine>) {
    let stored = Arc::clone(&member.stored);
    let mut running: FuturesUnordered<Running> = FuturesUnordered::new();
    let (mut wait, mut batch) = (RETRY[0], BATCH[0]);
    while let Some(bus) = bus.upgrade() {
        let mut changed = pin!(stored.changed.notified());
        changed.as_mut().enable();
        let is_closing = stored.is_closing.load(Ordering::Relaxed);
        let room = BEGUN.saturating_sub(running.len());
        let taken = match is_closing || room == 0 {
            true => Ok(Vec::new()),
            false => beside(&mut running, stored.take(batch.min(room))).await,
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
                }
                wait_for_more(&stored, &mut running, room, changed, wait).await;
            }
            Ok(taken) => {
                wait = RETRY[0];
                batch = begin(&bus, &stored, taken, &mut running, batch).await;
                // Others have their turn.
                drop(bus);
                beside(&mut running, tokio::task::yield_now()).await;
            }
        }
    }
    drop((running, member));
}

/// Waits until something is done if there is no room, and else until there is something to take, or something has changed.
async fn wait_for_more(
    stored: &Stored,
    running: &mut FuturesUnordered<Running>,
    room: usize,
    changed: impl Future<Output = ()>,
    wait: Duration,
) {
    if room == 0 {
        running.next().await;
    } else if let Err(error) = beside(running, ready_or(stored, changed)).await {
        failed("waiting for posted events", &error);
        beside(running, sleep(wait)).await;
    }
}

/// How many events to take next, if so many bytes of them took this long to be begun. Taking waits for a commit, which the
/// more events share the better; but what handlers keep for long, another worker should have.
fn next_batch(batch: usize, begun_in: Duration, bytes: usize) -> usize {
    if begun_in < QUICK && bytes < SMALL { (2 * batch).min(BATCH[1]) } else { BATCH[0] }
}

/// Starts what was taken. Returns how many events to take next.
async fn begin(
    bus: &Arc<Engine>,
    stored: &Arc<Stored>,
    taken: Vec<Taken>,
    running: &mut FuturesUnordered<Running>,
    batch: usize,
) -> usize {
    let (begun, bytes) = (Instant::now(), taken.iter().map(|taken| taken.event.size()).sum());
    for taken in taken {
        let mut delivery = deliver(bus, Begun { stored: Arc::clone(stored), taken, is_done: false });
        // Polled at once, so that it is known what it waits for if it is ended.
        let polled = poll_fn(|cx| Poll::Ready(delivery.as_mut().poll(cx))).await;
        if polled.is_pending() {
            running.push(delivery);
        }
    }
    next_batch(batch, begun.elapsed(), bytes)
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
            let Taken { ticket, event, handlers, .. } = &begun.taken;
            let panic = FailureKind::Panic(log_panic(panic));
            let letter = |handler: &String| {
                let recipient = LetterRecipient::Handler(handler.clone());
                let cause = DeadLetterCause::Failed { recipient, attempts: vec![Attempt::new(&panic)] };
                bus.letter(event.clone(), cause, None)
            };
            let letters = handlers.iter().map(letter).collect();
            let done = Acknowledgement { letters, ..Acknowledgement::new(*ticket, handlers.clone()) };
            bus.waiters.give_all_up(event);
            begun.stored.acknowledge_anyway(done).await;
        }
        begun.is_done = true;
        drop(begun);
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worker_takes_more_of_what_is_quick_and_small() {
        let quick = Duration::from_micros(1);
        let batches = std::iter::successors(Some(16), |batch| Some(next_batch(*batch, quick, 1_000)));
        assert_eq!(batches.take(5).collect::<Vec<_>>(), [16, 32, 64, 128, 128]);
        assert_eq!(next_batch(128, QUICK, 1_000), 16);
        assert_eq!(next_batch(128, quick, SMALL), 16);
    }
}
