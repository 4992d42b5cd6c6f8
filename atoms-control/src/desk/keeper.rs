//! The task that ends questions at their deadlines.

use std::pin::pin;
use std::sync::{Arc, Weak};
use std::time::Duration;

use atoms_runtime::{Bus, LogLimit, StoreError, Timestamp, WeakBus};
use tokio::runtime::{Handle, Id};
use tokio::sync::Notify;
use tokio::time::timeout;

use super::Desk;
use super::outbox::NotPosted;
use crate::question::{End, Outcome, QuestionId};

/// How many deadlines are read at once.
const BATCH: usize = 64;

/// The first and the longest wait after which a store that failed is tried again.
const RETRY: [Duration; 2] = [Duration::from_millis(50), Duration::from_secs(5)];

/// A store that fails, fails each time.
static FAILED: LogLimit = LogLimit::new(10, "more failures with questions");

/// The reason of a question that is cancelled by `cancel_if_dropped`.
const LEFT: &str = "nobody waits for the answer any more";

/// One runtime has a keeper until this is dropped: the runtime has ended, or the bus. While it waits, it holds nothing of the
/// store.
struct Keeper {
    desk: Weak<Desk>,
    bus: WeakBus,
    runtime: Id,
}

impl Drop for Keeper {
    fn drop(&mut self) {
        if let Some(desk) = self.desk.upgrade() {
            desk.keepers.lock().retain(|other| *other != self.runtime);
        }
    }
}

impl Desk {
    /// Sees to it that somebody looks after deadlines, and after what is not posted yet, in this runtime.
    pub(crate) fn look_again(self: &Arc<Self>, bus: &Bus) {
        self.changed.notify_waiters();
        let Ok(runtime) = Handle::try_current() else { return };
        let here = runtime.id();
        let mut keepers = self.keepers.lock();
        if self.is_closed() || keepers.contains(&here) {
            return;
        }
        keepers.push(here);
        // What is spawned into a runtime that ends is dropped at once, and takes the lock.
        drop(keepers);
        let keeper = Keeper { desk: Arc::downgrade(self), bus: bus.downgrade(), runtime: here };
        runtime.spawn(keep(keeper, Arc::clone(&self.changed)));
    }

    /// Ends what is to be ended, and posts what is to be posted; returns the next deadline.
    async fn look_after(self: &Arc<Self>, bus: &Bus) -> Result<Option<Timestamp>, NotPosted> {
        while let Some(id) = self.next_left() {
            if let Some(question) = self.store.get(id).await? {
                let outcome = Outcome::Cancelled { reason: Some(LEFT.into()) };
                self.end(bus, &question, End::new(outcome, None, self.now())).await?;
            }
            self.left.lock().retain(|other| *other != id);
        }
        let next = self.end_overdue(bus).await?;
        self.post_all(bus).await?;
        Ok(next)
    }

    fn next_left(&self) -> Option<QuestionId> {
        self.left.lock().first().copied()
    }

    async fn end_overdue(self: &Arc<Self>, bus: &Bus) -> Result<Option<Timestamp>, StoreError> {
        loop {
            let next = self.store.next_deadlines(BATCH).await?;
            if next.is_empty() {
                return Ok(None);
            }
            for question in next {
                if !self.is_overdue(&question) {
                    return Ok(question.deadline);
                }
                self.expire(bus, &question).await?;
            }
        }
    }
}

/// What a keeper waits for, beside a change.
enum Wait {
    For(Duration),
    Change,
}

impl Keeper {
    /// Looks after what there is; `None` if there is no bus any more, or it is shut down.
    async fn look(&self, retry: &mut Duration) -> Option<Wait> {
        let desk = self.desk.upgrade().filter(|desk| !desk.is_closed())?;
        let bus = self.bus.upgrade()?;
        // A shutdown waits for what is begun, and then nothing of the store is held here.
        let busy = bus.busy();
        let wait = match desk.look_after(&bus).await {
            Ok(next) => {
                *retry = RETRY[0];
                next.map_or(Wait::Change, |deadline| Wait::For(desk.clock.wait(deadline)))
            }
            Err(error) => {
                if FAILED.allows() {
                    tracing::error!(%error, "questions could not be looked after, which is tried again");
                }
                let wait = *retry;
                *retry = (2 * wait).min(RETRY[1]);
                Wait::For(wait)
            }
        };
        drop((desk, bus));
        drop(busy);
        Some(wait)
    }
}

async fn keep(keeper: Keeper, changed: Arc<Notify>) {
    let mut retry = RETRY[0];
    loop {
        let mut changed = pin!(changed.notified());
        changed.as_mut().enable();
        match keeper.look(&mut retry).await {
            None => return,
            Some(Wait::Change) => changed.await,
            Some(Wait::For(wait)) => {
                let _changed = timeout(wait, changed).await;
            }
        }
    }
}
