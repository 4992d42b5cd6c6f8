//! What is told of runs, on its way into the queue of the bus.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use atoms_runtime::{AnyEvent, Bus, Busy, LogLimit, Post, PostError, PostRefusal, Priority, WeakBus};
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::time::timeout;

use crate::sync::Mutex;

/// How many events may wait here, and how many bytes they may take. Those beyond are refused.
pub(super) const MOST: usize = 4_096;
pub(super) const MOST_BYTES: usize = 16 * 1024 * 1024;

/// How long the queue may take to have room. Then room beyond its capacity is taken: the handler that takes the room may wait
/// for the run.
const PATIENCE: Duration = Duration::from_millis(500);

/// A bus that refuses one event refuses the next one as well.
static LOST: LogLimit = LogLimit::new(10, "more events of runs that were lost");

/// Events that wait to be posted, in the order in which they were told.
///
/// A task posts them, and not who tells them: what the handler of a posted event posts is held until that handler is done, and
/// progress that is told afterwards is of no use.
#[derive(Default)]
pub(crate) struct Outbox {
    state: Mutex<State>,
    /// How many were posted, or lost.
    done: AtomicU64,
    changed: Notify,
}

#[derive(Default)]
struct State {
    events: VecDeque<(AnyEvent, usize)>,
    bytes: usize,
    /// How many were put here.
    put: u64,
    is_drained: bool,
}

/// What is told has no room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "{MOST} events that tell of runs, or {MOST_BYTES} bytes of them, wait to be posted, which is the limit"
)]
pub struct NotTold(());

impl Outbox {
    /// Puts an event here, and returns how many were put here up to it. With `surely` it finds room beyond the limit: there are
    /// some for each run, and one for the end of each thing that has begun.
    pub(crate) fn put(self: &Arc<Self>, bus: &Bus, event: AnyEvent, surely: bool) -> Result<u64, NotTold> {
        let size = event.size();
        let mut state = self.state.lock();
        let is_full =
            state.events.len() >= MOST || state.bytes + size > MOST_BYTES && !state.events.is_empty();
        if is_full && !surely {
            return Err(NotTold(()));
        }
        state.events.push_back((event, size));
        state.bytes += size;
        state.put += 1;
        let number = state.put;
        if !state.is_drained {
            state.is_drained = true;
            drop(state);
            self.begin_to_drain(bus);
        }
        Ok(number)
    }

    fn begin_to_drain(self: &Arc<Self>, bus: &Bus) {
        let draining = Draining { outbox: Arc::clone(self), is_done: false, _busy: bus.busy() };
        match Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn(draining.drain(bus.downgrade()))),
            Err(_) => draining.drain_at_once(bus),
        }
    }

    /// Waits until so many are posted.
    pub(crate) async fn posted(&self, number: u64) {
        loop {
            let mut changed = std::pin::pin!(self.changed.notified());
            changed.as_mut().enable();
            if self.done.load(Ordering::SeqCst) >= number {
                return;
            }
            changed.await;
        }
    }
}

/// Somebody posts what is here, until this is dropped.
struct Draining {
    outbox: Arc<Outbox>,
    is_done: bool,
    /// Who waits until the bus is idle, waits for what is told.
    _busy: Busy,
}

impl Draining {
    /// The next one; if there is none, nobody posts any more until another one is put.
    fn next(&mut self) -> Option<AnyEvent> {
        let mut state = self.outbox.state.lock();
        let Some((event, size)) = state.events.pop_front() else {
            (state.is_drained, self.is_done) = (false, true);
            return None;
        };
        state.bytes -= size;
        Some(event)
    }

    fn done(&self, posted: Result<(), PostError>) {
        if let Err(error) = posted
            && LOST.allows()
        {
            tracing::warn!(%error, "an event that tells of a run could not be posted");
        }
        self.outbox.done.fetch_add(1, Ordering::SeqCst);
        self.outbox.changed.notify_waiters();
    }

    async fn drain(mut self, bus: WeakBus) {
        while let Some(event) = self.next() {
            match bus.upgrade() {
                Some(bus) => self.done(post(&bus, event).await),
                None => self.done(Ok(())),
            }
        }
    }

    fn drain_at_once(mut self, bus: &Bus) {
        while let Some(event) = self.next() {
            self.done(posting(bus, event).beyond_capacity().try_send());
        }
    }
}

impl Drop for Draining {
    /// The runtime may end before all are posted. Whoever tells something next goes on with them.
    fn drop(&mut self) {
        if !self.is_done {
            self.outbox.state.lock().is_drained = false;
        }
    }
}

/// What is told is not held up by the work that it tells of, and takes none of its room.
fn posting(bus: &Bus, event: AnyEvent) -> Post<'_> {
    bus.post_any(event).priority(Priority::High)
}

/// Posts one event: into the queue in memory, also if the bus has another backlog.
async fn post(bus: &Bus, event: AnyEvent) -> Result<(), PostError> {
    let Err(error) = posting(bus, event.clone()).try_send() else { return Ok(()) };
    match error.reason() {
        PostRefusal::Full { .. } | PostRefusal::FullOfBytes { .. } => {
            match timeout(PATIENCE, posting(bus, event.clone()).into_future()).await {
                Ok(posted) => posted,
                Err(_) => posting(bus, event).beyond_capacity().try_send(),
            }
        }
        PostRefusal::MustWait => posting(bus, event).beyond_capacity().try_send(),
        _ => Err(error),
    }
}
