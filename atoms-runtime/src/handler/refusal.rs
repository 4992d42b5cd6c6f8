//! Why an event is not delivered.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// Why an event was not delivered at all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The bus was shut down.
    #[error("the bus is shut down")]
    Closed,
    /// The chain of events that led here is longer than the bus allows.
    #[error("a loop of events was stopped after {limit} hops")]
    HopLimit {
        /// The longest chain.
        limit: u32,
    },
    /// Too much of what followed from the root event was under way at once.
    #[error(
        "{events} events that followed from its root event, or {bytes} bytes of them, were under way at once, \
         which is the limit"
    )]
    WorklistFull {
        /// The maximum number of events under way at once.
        events: usize,
        /// The number of bytes from which no further event is taken.
        bytes: usize,
    },
    /// A handler emitted the event when its root event was done, or cancelled.
    #[error("it was emitted after the receipt of its root event")]
    TooLate,
    /// Too much waits in the mailbox of a node behind the one that emitted the event.
    #[error("the mailbox of a node is full")]
    MailboxFull,
    /// The session of the node that emitted the event has ended.
    #[error("the session has ended")]
    SessionEnded,
    /// The event declares `must_handle`, and nothing on this bus handles it.
    #[error(
        "nothing on this bus handles it, and it must be handled: write a `#[handler]` of it, or link the crate that has one"
    )]
    Unhandled,
    /// A [layer](crate::EmitLayer) stopped the event.
    #[error(transparent)]
    Vetoed(Veto),
}

/// The decision of a layer that an event is not emitted, or not delivered to a handler.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("vetoed by {by}: {reason}")]
pub struct Veto {
    by: Cow<'static, str>,
    reason: String,
}

/// What stops an event, until it is known what that is.
pub(crate) const UNNAMED: &str = "a layer";

impl Veto {
    /// Creates a veto for this reason.
    pub fn new(reason: impl Into<String>) -> Self {
        Self { by: UNNAMED.into(), reason: reason.into() }
    }

    /// Says whose decision it is, unless that is known already.
    pub(crate) fn name(&mut self, by: &'static str) {
        if self.by == UNNAMED {
            self.by = by.into();
        }
    }

    /// Returns the reason.
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// Returns the name of the layer: by default, that of its type.
    pub fn by(&self) -> &str {
        &self.by
    }
}
