//! The task that ends questions at their deadlines.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use atoms_runtime::{Bus, LogLimit, StoreError, Timestamp, WeakBus};
use tokio::runtime::{Handle, Id};
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

/// One runtime has a keeper until this is dropped: the runtime has ended, or the bus.
struct Keeper {
    desk: Arc<Desk>,
    runtime: Id,
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.desk.keepers.lock().retain(|other| *other != self.runtime);
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
        runtime.spawn(keep(Keeper { desk: Arc::clone(self), runtime: here }, bus.downgrade()));
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

async fn keep(keeper: Keeper, bus: WeakBus) {
    let desk = &keeper.desk;
    let mut retry = RETRY[0];
    loop {
        let mut changed = pin!(desk.changed.notified());
        changed.as_mut().enable();
        if desk.is_closed() {
            return;
        }
        let Some(bus) = bus.upgrade() else { return };
        let looked = desk.look_after(&bus).await;
        drop(bus);
        let wait = match looked {
            Ok(next) => {
                retry = RETRY[0];
                next.map(|deadline| desk.clock.wait(deadline))
            }
            Err(error) => {
                if FAILED.allows() {
                    tracing::error!(%error, "questions could not be looked after, which is tried again");
                }
                let wait = retry;
                retry = (2 * retry).min(RETRY[1]);
                Some(wait)
            }
        };
        match wait {
            Some(wait) => {
                let _changed = timeout(wait, changed).await;
            }
            None => changed.await,
        }
    }
}
