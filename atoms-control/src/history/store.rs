//! Where a history is kept.

use atoms_runtime::{StoreFuture, Timestamp};

use super::Recorded;
use crate::principal::Principal;
use crate::work::RunId;

/// Keeps the history of a bus: by default only [`MemoryHistory`](crate::MemoryHistory) does, and another one if
/// [`History::store`](crate::History::store) sets it.
///
/// What is to outlive the process is written by the [`Serialize`](serde::Serialize) of a [`Recorded`], which has no values of
/// fields that are sensitive, and read by its [`Deserialize`](serde::Deserialize), which needs no struct of the program.
///
/// # Waiting
///
/// [`put`](Self::put) is called in each emit, and so does not wait: neither for a disk, nor for room. A store that waits
/// elsewhere keeps what was put in memory until then, bounded in number and in bytes. Where the limit is reached, it drops
/// events, and counts them in [`lost`](Self::lost).
///
/// # Bounds
///
/// It is bounded in number and in bytes. The oldest events make room for new ones. An event that is larger than all room is
/// kept alone. With room for no events, none is kept.
///
/// [`testing::history`](crate::testing::history) checks an implementation.
///
/// ```
/// use std::sync::{Arc, Mutex};
///
/// use atoms::control::{History, HistoryFilter, HistoryStore, Recorded};
/// use atoms::prelude::*;
/// use atoms::StoreFuture;
///
/// /// Keeps all events for as long as the process runs.
/// #[derive(Default)]
/// struct Everything(Mutex<Vec<Recorded>>);
///
/// impl HistoryStore for Everything {
///     fn put(&self, event: Recorded) {
///         self.0.lock().unwrap().push(event);
///     }
///
///     fn list(&self, filter: HistoryFilter, limit: usize) -> StoreFuture<'_, Vec<Recorded>> {
///         let all = self.0.lock().unwrap();
///         let mut latest: Vec<_> = all.iter().rev().filter(|event| filter.matches(event)).take(limit).cloned().collect();
///         latest.reverse();
///         Box::pin(async { Ok(latest) })
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let bus = Bus::builder().without_discovery().history(History::new().store(Arc::new(Everything::default()))).start()?;
/// # Ok(())
/// # }
/// ```
pub trait HistoryStore: Send + Sync + 'static {
    /// Keeps an event as the newest one. It does not wait.
    fn put(&self, event: Recorded);

    /// Returns the latest events that the filter lets through, at most so many, the newest last. All that was put before is
    /// looked at.
    fn list(&self, filter: HistoryFilter, limit: usize) -> StoreFuture<'_, Vec<Recorded>>;

    /// Waits until all that was put before is kept. Fails if some of it was not.
    fn flush(&self) -> StoreFuture<'_, ()> {
        Box::pin(std::future::ready(Ok(())))
    }

    /// Returns how many events were not kept, since they came faster than the store takes them, or since it failed.
    fn lost(&self) -> u64 {
        0
    }
}

/// Which events of a history are listed: those of which all of this is so.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct HistoryFilter {
    /// The type string.
    pub event_type: Option<String>,
    /// A pattern that selects the type string.
    pub pattern: Option<String>,
    /// The source.
    pub source: Option<String>,
    /// A run that they belong to, or one above it.
    pub run: Option<RunId>,
    /// Somebody [for whom](Recorded::is_for) the work is.
    pub principal: Option<Principal>,
    /// The session.
    pub session: Option<String>,
    /// The correlation id.
    pub correlation: Option<String>,
    /// They happened at this time or later.
    pub since: Option<Timestamp>,
    /// They happened before this time.
    pub until: Option<Timestamp>,
}

impl HistoryFilter {
    /// Returns whether it lets an event through.
    pub fn matches(&self, event: &Recorded) -> bool {
        fn is<T: PartialEq + ?Sized>(wanted: Option<&T>, own: Option<&T>) -> bool {
            wanted.is_none() || wanted == own
        }
        let time = event.timestamp();
        is(self.event_type.as_deref(), Some(event.event_type()))
            && self.pattern.as_ref().is_none_or(|pattern| event.event().is_selected_by(pattern))
            && self.run.is_none_or(|run| event.belongs_to(run))
            && is(self.session.as_deref(), event.session())
            && is(self.correlation.as_deref(), event.correlation())
            && self.since.is_none_or(|since| time >= since)
            && self.until.is_none_or(|until| time < until)
            && self.principal.as_ref().is_none_or(|principal| event.is_for(principal))
            && self.source.as_deref().is_none_or(|source| event.source() == Some(source))
    }
}
