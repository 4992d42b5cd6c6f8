//! What has happened on a bus.

mod follow;
mod position;
mod recorded;
mod tree;

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Weak};

use atoms_runtime::{AnyEvent, Bus, Event, Extension, HandlerError, Subscription, Timestamp};

pub use follow::{Followed, Following};
pub use position::{HistoryPosition, HistoryPositionError};
pub use recorded::Recorded;
pub use tree::Tree;

use self::follow::Follower;
use crate::principal::Principal;
use crate::sync::Mutex;
use crate::work::RunId;

/// Keeps the latest events of a bus: give it to [`ControlBuilder::history`](crate::ControlBuilder::history).
///
/// It is a subscriber of every event, so events of control, of tools and of sessions are made for it that nobody else takes.
/// It is in memory, and ends with the process.
#[derive(Debug, Clone)]
pub struct History {
    events: usize,
    bytes: usize,
}

impl History {
    /// Creates a history of 10,000 events in 16 MiB at most.
    pub fn new() -> Self {
        Self { events: 10_000, bytes: 16 * 1024 * 1024 }
    }

    /// Sets how many events are kept: 10,000 by default. The oldest make room for new ones.
    #[must_use]
    pub fn events(mut self, events: usize) -> Self {
        self.events = events;
        self
    }

    /// Sets how many bytes of memory they may take, as [`AnyEvent::size`] counts them: 16 MiB by default. A larger event is
    /// kept alone.
    #[must_use]
    pub fn bytes(mut self, bytes: usize) -> Self {
        self.bytes = bytes;
        self
    }
}

impl Default for History {
    fn default() -> Self {
        Self::new()
    }
}

/// The bus keeps no history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the bus keeps no history: add `.history(History::new())` to `Bus::builder()`")]
pub struct NoHistory(());

/// The history of one bus.
pub(crate) struct Kept {
    shared: Arc<Shared>,
    subscription: Mutex<Option<Subscription>>,
}

struct Shared {
    settings: History,
    ring: Mutex<Ring>,
}

struct Ring {
    events: VecDeque<Entry>,
    bytes: usize,
    /// The position of the newest event.
    newest: HistoryPosition,
    /// The position of the newest event that is not kept any more.
    gone: HistoryPosition,
    followers: Vec<Arc<Follower>>,
    is_closed: bool,
}

struct Entry {
    position: HistoryPosition,
    event: AnyEvent,
    size: usize,
}

impl Kept {
    pub(crate) fn new(settings: History) -> Self {
        Self { shared: Arc::new(Shared { settings, ring: Mutex::default() }), subscription: Mutex::default() }
    }
}

impl Default for Ring {
    fn default() -> Self {
        // What was kept before belongs to another process.
        let begun = HistoryPosition::after(HistoryPosition::OLDEST);
        Self {
            events: VecDeque::new(),
            bytes: 0,
            newest: begun,
            gone: begun,
            followers: Vec::new(),
            is_closed: false,
        }
    }
}

impl Ring {
    fn push(&mut self, event: AnyEvent, size: usize) {
        self.newest = HistoryPosition::after(self.newest);
        self.bytes += size;
        if !self.followers.is_empty() {
            let event = Recorded::new(event.clone());
            self.followers.iter().for_each(|follower| follower.tell(&event));
        }
        self.events.push_back(Entry { position: self.newest, event, size });
    }

    fn pop(&mut self) -> Option<AnyEvent> {
        let Entry { position, event, size } = self.events.pop_front()?;
        self.bytes -= size;
        self.gone = position;
        if !self.followers.is_empty() {
            let event = Recorded::new(event.clone());
            self.followers.iter().for_each(|follower| follower.lose(position, &event));
        }
        Some(event)
    }
}

impl Shared {
    fn close(&self) {
        let mut ring = self.ring.lock();
        ring.is_closed = true;
        ring.followers.iter().for_each(|follower| follower.wake());
    }

    fn put(&self, event: &AnyEvent) {
        if self.settings.events == 0 {
            return;
        }
        let size = event.size();
        let mut old = Vec::new();
        let mut ring = self.ring.lock();
        ring.push(event.clone(), size);
        while ring.events.len() > self.settings.events
            || ring.bytes > self.settings.bytes && ring.events.len() > 1
        {
            old.extend(ring.pop());
        }
        // What an event owns is dropped after the lock is let go.
        drop(ring);
        drop(old);
    }
}

impl Extension for Kept {
    fn started(&self, bus: &Bus) -> Result<(), HandlerError> {
        let shared: Weak<Shared> = Arc::downgrade(&self.shared);
        let subscription = bus.on_any(move |event| {
            if let Some(shared) = shared.upgrade() {
                shared.put(event);
            }
        });
        *self.subscription.lock() = Some(subscription);
        Ok(())
    }

    fn ended(&self) {
        self.shared.close();
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.shared.close();
    }
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kept").field("events", &self.shared.ring.lock().events.len()).finish_non_exhaustive()
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
/// let errors = bus.history().of::<ErrorReported>().source("researcher").limit(10).list()?;
/// assert_eq!(errors.len(), 1);
/// println!("{}", errors[0]);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use = "it is asked by `list()`"]
pub struct HistoryQuery<'a> {
    bus: &'a Bus,
    wanted: Wanted,
    limit: Option<usize>,
}

/// Which events are wanted.
#[derive(Debug, Clone, Default)]
struct Wanted {
    event_type: Option<String>,
    pattern: Option<String>,
    source: Option<String>,
    run: Option<RunId>,
    principal: Option<Principal>,
    session: Option<String>,
    correlation: Option<String>,
    since: Option<Timestamp>,
    until: Option<Timestamp>,
}

impl Wanted {
    fn is(&self, event: &Recorded) -> bool {
        fn is<T: PartialEq + ?Sized>(wanted: Option<&T>, own: Option<&T>) -> bool {
            wanted.is_none() || wanted == own
        }
        let time = event.timestamp();
        is(self.event_type.as_deref(), Some(event.event_type()))
            && self.pattern.as_ref().is_none_or(|pattern| event.event().is_selected_by(pattern))
            && self.run.is_none_or(|run| event.belongs_to(run))
            && is(self.session.as_deref(), event.session())
            && is(self.correlation.as_deref(), event.event().metadata().correlation_id())
            && self.since.is_none_or(|since| time >= since)
            && self.until.is_none_or(|until| time < until)
            && self.principal.as_ref().is_none_or(|principal| event.is_for(principal))
            && self.source.as_deref().is_none_or(|source| event.source() == Some(source))
    }
}

impl<'a> HistoryQuery<'a> {
    pub(crate) fn new(bus: &'a Bus) -> Self {
        Self { bus, wanted: Wanted::default(), limit: None }
    }

    /// Asks for events of this type.
    pub fn of<E: Event>(self) -> Self {
        self.event_type(E::TYPE)
    }

    /// Asks for events of this type string.
    pub fn event_type(mut self, event_type: impl Into<String>) -> Self {
        self.wanted.event_type = Some(event_type.into());
        self
    }

    /// Asks for events whose type strings this pattern selects, as that of a handler does: `shop.order.*`.
    pub fn pattern(mut self, pattern: impl Into<String>) -> Self {
        self.wanted.pattern = Some(pattern.into());
        self
    }

    /// Asks for events of this source: that of an event of control, or the one that the metadata name. An empty one is that
    /// of events whose source is empty.
    pub fn source(mut self, source: impl Into<String>) -> Self {
        self.wanted.source = Some(source.into());
        self
    }

    /// Asks for events that belong to this run, or to one that is a part of it.
    pub fn run(mut self, run: RunId) -> Self {
        self.wanted.run = Some(run);
        self
    }

    /// Asks for events of work [for this principal](Recorded::is_for).
    pub fn principal(mut self, principal: &Principal) -> Self {
        self.wanted.principal = Some(principal.clone());
        self
    }

    /// Asks for events of this session.
    pub fn session(mut self, session: impl Into<String>) -> Self {
        self.wanted.session = Some(session.into());
        self
    }

    /// Asks for events of the chain with this correlation id.
    pub fn correlation(mut self, correlation: impl Into<String>) -> Self {
        self.wanted.correlation = Some(correlation.into());
        self
    }

    /// Asks for events at this time or later.
    pub fn since(mut self, time: Timestamp) -> Self {
        self.wanted.since = Some(time);
        self
    }

    /// Asks for events before this time.
    pub fn until(mut self, time: Timestamp) -> Self {
        self.wanted.until = Some(time);
        self
    }

    /// Asks for so many events at most: the latest of them. With 0, there is none.
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = Some(limit);
        self
    }

    /// Returns the events in the order in which they were delivered, the newest last. Fails on a bus that keeps no history.
    pub fn list(self) -> Result<Vec<Recorded>, NoHistory> {
        let kept = self.bus.borrow_extension::<Kept>().ok_or(NoHistory(()))?;
        let all: Vec<_> = kept.shared.ring.lock().events.iter().map(|entry| entry.event.clone()).collect();
        let wanted = all.into_iter().rev().map(Recorded::new).filter(|event| self.wanted.is(event));
        let mut latest: Vec<_> = wanted.take(self.limit.unwrap_or(usize::MAX)).collect();
        latest.reverse();
        Ok(latest)
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
    /// let tree = bus.history().run(id).tree()?;
    /// assert_eq!(tree.to_string(), "\
    /// atoms.run.started: import
    /// ├─ atoms.thinking: what first?
    /// └─ atoms.run.completed: import is done
    /// ");
    /// assert!(tree.to_mermaid().starts_with("flowchart TD\n"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn tree(self) -> Result<Tree, NoHistory> {
        Ok(Tree::new(self.list()?))
    }
}
