//! Reading a history while it grows.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::Notify;

use super::{HistoryFilter, HistoryPosition, HistoryQuery, Kept, MemoryHistory, NoHistory, Recorded};

/// How many events are read at once, and how many bytes of them, if they are more than one.
const BATCH: usize = 64;
const BATCH_BYTES: usize = 256 * 1024;

/// The events of a history, those that are kept and those that come: what [`HistoryQuery::follow`] returns.
///
/// It holds at most 64 events, in 256 KiB, or a single larger one. All others are read in the history when their turn comes.
/// If they are not there any more then, it says how many there were of those that were asked for.
#[must_use = "nothing is read unless `next` is awaited"]
pub struct Following {
    history: Arc<MemoryHistory>,
    follower: Arc<Follower>,
    batch: VecDeque<Followed>,
}

/// What comes next in a history that is followed.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Followed {
    /// An event.
    Event {
        /// Where it is, to go on after it.
        position: HistoryPosition,
        /// The event.
        event: Recorded,
    },
    /// So many events were dropped before they were read, since the reader was slow.
    Missed(u64),
    /// The history does not go back to the position after which it is read, or does not know it: how many events are missing
    /// is not known. The next one is the oldest that there is.
    Forgotten,
}

/// Somebody who follows, as the history knows them.
pub(super) struct Follower {
    filter: HistoryFilter,
    /// The position up to which they have read.
    read: AtomicU64,
    missed: AtomicU64,
    changed: Notify,
}

impl Follower {
    /// Tells of an event that is kept now.
    pub(super) fn tell(&self, event: &Recorded) {
        if self.filter.matches(event) {
            self.wake();
        }
    }

    /// Counts an event that is not kept any longer.
    pub(super) fn lose(&self, position: HistoryPosition, event: &Recorded) {
        if self.read.load(Ordering::Relaxed) < position.0 && self.filter.matches(event) {
            self.missed.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(super) fn wake(&self) {
        self.changed.notify_one();
    }
}

impl HistoryQuery<'_> {
    /// Returns the events that come from now on. All that narrows the question applies, but not the [limit](Self::limit).
    /// Fails on a bus that keeps no history.
    ///
    /// ```
    /// use atoms::control::{Followed, History, Tell};
    /// use atoms::prelude::*;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let bus = Bus::builder().without_discovery().history(History::new()).start()?;
    /// let mut following = bus.history().source("researcher").follow()?;
    /// bus.source("writer").thinking("how to begin?").await?;
    /// bus.source("researcher").thinking("what first?").await?;
    ///
    /// let Some(Followed::Event { position, event }) = following.next().await else { panic!("it came") };
    /// assert_eq!(event.message(), Some("what first?"));
    ///
    /// bus.source("researcher").thinking("and then?").await?;
    /// let mut again = bus.history().source("researcher").follow_after(position)?; // goes on where it was
    /// let Some(Followed::Event { event, .. }) = again.next().await else { panic!("it came") };
    /// assert_eq!(event.message(), Some("and then?"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn follow(self) -> Result<Following, NoHistory> {
        self.following(None)
    }

    /// Returns the events after this position, those that are kept and those that come; all, after
    /// [`HistoryPosition::OLDEST`]. What an earlier process has stored is not among them. Otherwise as [`follow`](Self::follow).
    pub fn follow_after(self, position: HistoryPosition) -> Result<Following, NoHistory> {
        self.following(Some(position))
    }

    fn following(self, after: Option<HistoryPosition>) -> Result<Following, NoHistory> {
        let history = Arc::clone(&Kept::of(self.bus)?.memory);
        let mut ring = history.ring.lock();
        let is_known = |after: &HistoryPosition| (ring.gone..=ring.newest).contains(after);
        let begin = after.map_or(ring.newest, |after| if is_known(&after) { after } else { ring.gone });
        let is_forgotten = after.is_some_and(|after| after != HistoryPosition::OLDEST && !is_known(&after));
        let follower = Arc::new(Follower {
            filter: self.filter,
            read: AtomicU64::new(begin.0),
            missed: AtomicU64::default(),
            changed: Notify::new(),
        });
        ring.followers.push(Arc::clone(&follower));
        drop(ring);
        let batch = is_forgotten.then_some(Followed::Forgotten).into_iter().collect();
        Ok(Following { history, follower, batch })
    }
}

impl Following {
    /// Waits for the next one. Returns `None` when the bus was shut down and all was read. Cancel-safe.
    pub async fn next(&mut self) -> Option<Followed> {
        loop {
            let was_all = self.batch.is_empty().then(|| self.read());
            if let Some(next) = self.batch.pop_front() {
                return Some(next);
            }
            match was_all {
                Some(Read::Ended) => return None,
                Some(Read::All) => self.follower.changed.notified().await,
                _ => {}
            }
        }
    }

    /// Reads some of what comes next.
    fn read(&mut self) -> Read {
        let ring = self.history.ring.lock();
        let read = HistoryPosition(self.follower.read.load(Ordering::Relaxed));
        let missed = self.follower.missed.swap(0, Ordering::Relaxed);
        let from = ring.events.partition_point(|entry| entry.position <= read);
        let (mut bytes, mut batch) = (0, Vec::new());
        for entry in ring.events.range(from..).take(BATCH) {
            bytes += entry.size;
            if bytes > BATCH_BYTES && !batch.is_empty() {
                break;
            }
            batch.push((entry.position, entry.event.clone()));
        }
        let is_all = from + batch.len() == ring.events.len();
        let last = batch.last().map_or(read, |(position, _)| *position);
        self.follower.read.store(last.0, Ordering::Relaxed);
        let is_closed = ring.is_closed;
        drop(ring);
        self.batch.extend((missed > 0).then_some(Followed::Missed(missed)));
        let wanted = batch.into_iter().filter(|(_, event)| self.follower.filter.matches(event));
        self.batch.extend(wanted.map(|(position, event)| Followed::Event { position, event }));
        match (is_all, is_closed) {
            (true, true) => Read::Ended,
            (true, false) => Read::All,
            (false, _) => Read::Some,
        }
    }
}

/// How much of the history is read.
enum Read {
    Some,
    All,
    /// All, and nothing comes any more.
    Ended,
}

impl Drop for Following {
    fn drop(&mut self) {
        let mut ring = self.history.ring.lock();
        ring.followers.retain(|follower| !Arc::ptr_eq(follower, &self.follower));
    }
}

impl fmt::Debug for Following {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Following").field("read", &self.follower.read).finish_non_exhaustive()
    }
}
