//! What has happened on a bus.

mod follow;
mod memory;
mod position;
mod recorded;
mod store;
mod tree;

use std::fmt;
use std::sync::Arc;

use atoms_runtime::{Bus, Event, Extension, HandlerError, StoreError, Subscription, Timestamp};

pub use follow::{Followed, Following};
pub use memory::MemoryHistory;
pub use position::{HistoryPosition, HistoryPositionError};
pub use recorded::Recorded;
pub use store::{HistoryFilter, HistoryStore};
pub use tree::Tree;

use crate::principal::Principal;
use crate::sync::Mutex;
use crate::work::RunId;

/// Keeps the latest events of a bus: give it to [`ControlBuilder::history`](crate::ControlBuilder::history).
///
/// It is a subscriber of every event, so events of control, of tools and of sessions are made for it that nobody else takes.
/// It is in memory, and ends with the process, unless it is given a [store](Self::store).
#[derive(Clone)]
pub struct History {
    events: usize,
    bytes: usize,
    store: Option<Arc<dyn HistoryStore>>,
}

impl History {
    /// Creates a history of 10,000 events in 16 MiB at most.
    pub fn new() -> Self {
        Self { events: 10_000, bytes: 16 * 1024 * 1024, store: None }
    }

    /// Sets how many events are kept in memory: 10,000 by default. The oldest make room for new ones.
    #[must_use]
    pub fn events(mut self, events: usize) -> Self {
        self.events = events;
        self
    }

    /// Sets how many bytes of memory they may take, as [`AnyEvent::size`](atoms_runtime::AnyEvent::size) counts them: 16 MiB
    /// by default. A larger event is kept alone.
    #[must_use]
    pub fn bytes(mut self, bytes: usize) -> Self {
        self.bytes = bytes;
        self
    }

    /// Keeps the events in this store as well, which decides how many. What is [listed](HistoryQuery::list) is then read there;
    /// what is [followed](HistoryQuery::follow) is read in memory all the same.
    #[must_use]
    pub fn store(mut self, store: Arc<dyn HistoryStore>) -> Self {
        self.store = Some(store);
        self
    }
}

impl Default for History {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { events, bytes, store } = self;
        f.debug_struct("History")
            .field("events", events)
            .field("bytes", bytes)
            .field("has_store", &store.is_some())
            .finish()
    }
}

/// The bus keeps no history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the bus keeps no history: add `.history(History::new())` to `Bus::builder()`")]
pub struct NoHistory(());

/// Why a history cannot be read.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum HistoryError {
    /// There is none.
    #[error(transparent)]
    NotKept(#[from] NoHistory),
    /// The store failed.
    #[error("the history cannot be read: {0}")]
    Store(#[from] StoreError),
}

/// The history of one bus.
pub(crate) struct Kept {
    memory: Arc<MemoryHistory>,
    store: Option<Arc<dyn HistoryStore>>,
    subscription: Mutex<Option<Subscription>>,
}

impl Kept {
    pub(crate) fn new(History { events, bytes, store }: History) -> Self {
        let memory = Arc::new(MemoryHistory::new(events, bytes));
        Self { memory, store, subscription: Mutex::default() }
    }

    fn of(bus: &Bus) -> Result<&Self, NoHistory> {
        bus.borrow_extension().ok_or(NoHistory(()))
    }
}

impl Extension for Kept {
    fn started(&self, bus: &Bus) -> Result<(), HandlerError> {
        let (memory, store) = (Arc::clone(&self.memory), self.store.clone());
        let subscription = bus.on_any(move |event| {
            let event = Recorded::new(event.clone());
            if let Some(store) = &store {
                store.put(event.clone());
            }
            memory.put(event);
        });
        *self.subscription.lock() = Some(subscription);
        Ok(())
    }

    fn ended(&self) {
        self.memory.close();
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.memory.close();
    }
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kept").field("memory", &self.memory).finish_non_exhaustive()
    }
}

/// A question about what has happened, as [`Control::history`](crate::Control::history) returns it. Narrow it, and
/// [`list`](Self::list) the events.
///
/// ```
/// use atoms::control::{ErrorReported, History, Tell};
/// use atoms::prelude::*;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let bus = Bus::builder().without_discovery().history(History::new()).start()?;
/// bus.source("researcher").error("the connection timed out").await?;
/// bus.source("writer").error("out of ink").await?;
/// bus.idle().await;
///
/// let errors = bus.history().of::<ErrorReported>().source("researcher").limit(10).list().await?;
/// assert_eq!(errors.len(), 1);
/// println!("{}", errors[0]);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use = "it is asked by `list()`"]
pub struct HistoryQuery<'a> {
    bus: &'a Bus,
    filter: HistoryFilter,
    limit: Option<usize>,
}

impl<'a> HistoryQuery<'a> {
    pub(crate) fn new(bus: &'a Bus) -> Self {
        Self { bus, filter: HistoryFilter::default(), limit: None }
    }

    /// Asks for events of this type.
    pub fn of<E: Event>(self) -> Self {
        self.event_type(E::TYPE)
    }

    /// Asks for events of this type string.
    pub fn event_type(mut self, event_type: impl Into<String>) -> Self {
        self.filter.event_type = Some(event_type.into());
        self
    }

    /// Asks for events whose type strings this pattern selects, as that of a handler does: `shop.order.*`.
    pub fn pattern(mut self, pattern: impl Into<String>) -> Self {
        self.filter.pattern = Some(pattern.into());
        self
    }

    /// Asks for events of this source: that of an event of control, or the one that the metadata name. An empty one is that
    /// of events whose source is empty.
    pub fn source(mut self, source: impl Into<String>) -> Self {
        self.filter.source = Some(source.into());
        self
    }

    /// Asks for events that belong to this run, or to one that is a part of it.
    pub fn run(mut self, run: RunId) -> Self {
        self.filter.run = Some(run);
        self
    }

    /// Asks for events of work [for this principal](Recorded::is_for).
    pub fn principal(mut self, principal: &Principal) -> Self {
        self.filter.principal = Some(principal.clone());
        self
    }

    /// Asks for events of this session.
    pub fn session(mut self, session: impl Into<String>) -> Self {
        self.filter.session = Some(session.into());
        self
    }

    /// Asks for events of the chain with this correlation id.
    pub fn correlation(mut self, correlation: impl Into<String>) -> Self {
        self.filter.correlation = Some(correlation.into());
        self
    }

    /// Asks for events at this time or later.
    pub fn since(mut self, time: Timestamp) -> Self {
        self.filter.since = Some(time);
        self
    }

    /// Asks for events before this time.
    pub fn until(mut self, time: Timestamp) -> Self {
        self.filter.until = Some(time);
        self
    }

    /// Asks for so many events at most: the latest of them. With 0, there is none.
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = Some(limit);
        self
    }

    /// Returns the events in the order in which they were delivered, the newest last. Fails on a bus that keeps no history,
    /// and if the store fails.
    pub async fn list(self) -> Result<Vec<Recorded>, HistoryError> {
        let kept = Kept::of(self.bus)?;
        let limit = self.limit.unwrap_or(usize::MAX);
        match &kept.store {
            Some(store) => Ok(store.list(self.filter, limit).await?),
            None => Ok(kept.memory.list(self.filter, limit).await?),
        }
    }

    /// Returns the events as a tree, each below the one from which it follows.
    ///
    /// ```
    /// # use atoms::control::{History, Tell};
    /// # use atoms::prelude::*;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let bus = Bus::builder().without_discovery().history(History::new()).start()?;
    /// let running = bus.runs().start("import", async |run: Run| {
    ///     run.thinking("what first?").await?;
    ///     Ok(run.id())
    /// });
    /// let id = running.await?;
    /// bus.idle().await;
    /// let tree = bus.history().run(id).tree().await?;
    /// assert_eq!(tree.to_string(), "\
    /// atoms.run.started: import
    /// ├─ atoms.thinking: what first?
    /// └─ atoms.run.completed: import is done
    /// ");
    /// assert!(tree.to_mermaid().starts_with("flowchart TD\n"));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn tree(self) -> Result<Tree, HistoryError> {
        Ok(Tree::new(self.list().await?))
    }
}
