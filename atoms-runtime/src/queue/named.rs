//! Events that are not due yet, as they are listed.

use std::fmt;

use crate::event::{AnyEvent, Timestamp};
use crate::text::shown;

/// How many bytes of a name, and of its key, a message shows.
const SHOWN: usize = 64;

/// The name under which a delayed event was posted, and whom or what it is about: see
/// [`Delayed::named`](crate::Delayed::named).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DelayName {
    name: String,
    key: String,
}

impl DelayName {
    /// How many bytes the name may have, and the key.
    pub const MAX_BYTES: usize = 256;

    /// Creates a name with its key.
    pub fn new(name: impl Into<String>, key: impl ToString) -> Self {
        Self { name: name.into(), key: key.to_string() }
    }

    /// Returns the name, such as `reminder`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the key, such as the id of an order.
    pub fn key(&self) -> &str {
        &self.key
    }

    pub(crate) fn is_too_long(&self) -> bool {
        self.name.len().max(self.key.len()) > Self::MAX_BYTES
    }

    /// How many bytes of memory it takes.
    pub(crate) fn size(&self) -> usize {
        size_of::<Self>() + self.name.len() + self.key.len()
    }
}

/// A posted event that is not due yet.
#[derive(Debug, Clone)]
pub struct DelayedEvent {
    event: AnyEvent,
    due: Timestamp,
    name: Option<DelayName>,
}

impl DelayedEvent {
    /// Creates what a [`Backlog`](crate::Backlog) returns.
    pub fn new(event: AnyEvent, due: Timestamp, name: Option<DelayName>) -> Self {
        Self { event, due, name }
    }

    /// Returns the event.
    pub fn event(&self) -> &AnyEvent {
        &self.event
    }

    /// Returns the event, to post it again.
    pub fn into_event(self) -> AnyEvent {
        self.event
    }

    /// Returns when it is due, by the clock of the system. For an event that was posted with
    /// [`after`](crate::Post::after) to the queue in memory, it is when it would be due if that clock is not set.
    pub fn due(&self) -> Timestamp {
        self.due
    }

    /// Returns the name under which it was posted.
    pub fn name(&self) -> Option<&DelayName> {
        self.name.as_ref()
    }
}

/// ``` `shop.payment.overdue` at 2026-11-21T00:38:00Z, `reminder` of `o-1` ```
impl fmt::Display for DelayedEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` at {}", self.event.event_type(), self.due)?;
        match &self.name {
            Some(DelayName { name, key }) => {
                write!(f, ", `{}` of `{}`", shown(name, SHOWN), shown(key, SHOWN))
            }
            None => Ok(()),
        }
    }
}

/// Which of the events that are not due yet are meant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct DelayedFilter {
    /// Those of this name; with `None`, all.
    pub name: Option<String>,
    /// Those of this key; with `None`, all.
    pub key: Option<String>,
}

impl DelayedFilter {
    /// Returns whether an event with this name is meant.
    pub fn selects(&self, name: Option<&DelayName>) -> bool {
        let is = |wanted: &Option<String>, part: fn(&DelayName) -> &str| {
            wanted.as_deref().is_none_or(|wanted| name.map(part) == Some(wanted))
        };
        is(&self.name, DelayName::name) && is(&self.key, DelayName::key)
    }
}
