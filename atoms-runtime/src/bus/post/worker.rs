//! The tasks that deliver what was posted.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll};

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;

use super::queue::{Queue, Started};
use crate::bus::Shared;
use crate::event::AnyEvent;

/// How many events are started before other tasks of the executor have their turn.
const STARTS_PER_POLL: usize = 64;

type Running = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Delivers what is in the queue, for as long as there is a bus. Events whose handlers wait are driven
/// beside each other.
pub(super) async fn work(queue: Arc<Queue>, bus: Weak<Shared>, sees_delays: bool) {
    let mut running = FuturesUnordered::new();
    poll_fn(|cx| turn(&queue, &bus, &mut running, sees_delays, cx)).await;
}

fn turn(
    queue: &Arc<Queue>,
    bus: &Weak<Shared>,
    running: &mut FuturesUnordered<Running>,
    sees_delays: bool,
    cx: &mut Context<'_>,
) -> Poll<()> {
    while let Poll::Ready(Some(())) = running.poll_next_unpin(cx) {}
    for _ in 0..STARTS_PER_POLL {
        let Poll::Ready((event, started)) = queue.poll_next(cx, sees_delays) else { return Poll::Pending };
        let Some(bus) = bus.upgrade() else { return Poll::Ready(()) };
        let mut delivery: Running = Box::pin(deliver(bus, event, started));
        if delivery.as_mut().poll(cx).is_pending() {
            running.push(delivery);
        }
    }
    cx.waker().wake_by_ref();
    Poll::Pending
}

async fn deliver(bus: Arc<Shared>, event: AnyEvent, started: Started) {
    // What failed is among the dead letters.
    let _receipt = bus.deliver_root(event, true).await;
    drop(bus);
    drop(started);
}
