//! One event that was not delivered for good.

use std::fmt;

use crate::bus::failure::{Attempt, Recipient, Refusal};
use crate::event::{AnyEvent, Timestamp};

/// An event that was not delivered for good: to one handler, or to none.
#[derive(Debug, Clone)]
pub struct DeadLetter {
    pub(super) id: u64,
    pub(super) event: AnyEvent,
    pub(super) cause: DeadLetterCause,
    pub(super) at: Timestamp,
}

/// Why an event became a [`DeadLetter`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum DeadLetterCause {
    /// One delivery failed.
    Failed {
        /// Who failed.
        recipient: Recipient,
        /// Each call, in order: the last one is why it was given up.
        attempts: Vec<Attempt>,
    },
    /// The event was not delivered to anybody.
    Refused(Refusal),
}

impl DeadLetter {
    /// The number under which the bus keeps it. One that is redelivered and fails again keeps its.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// The event.
    pub fn event(&self) -> &AnyEvent {
        &self.event
    }

    /// Why it is here.
    pub fn cause(&self) -> &DeadLetterCause {
        &self.cause
    }

    /// Who failed; `None` if the event was not delivered to anybody.
    pub fn recipient(&self) -> Option<Recipient> {
        self.cause.recipient()
    }

    /// Each failed call of the handler, in order, those of redeliveries included, of which the last 64 are
    /// kept; empty if there was none.
    pub fn attempts(&self) -> &[Attempt] {
        match &self.cause {
            DeadLetterCause::Failed { attempts, .. } => attempts,
            DeadLetterCause::Refused(_) => &[],
        }
    }

    /// When it was given up.
    pub fn at(&self) -> Timestamp {
        self.at
    }
}

impl DeadLetterCause {
    pub(super) fn recipient(&self) -> Option<Recipient> {
        match self {
            Self::Failed { recipient, .. } => Some(*recipient),
            Self::Refused(_) => None,
        }
    }
}

/// ``7: `shop.order.created` at shop::confirm (src/lib.rs:12), 3 attempts: out of stock``
impl fmt::Display for DeadLetter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: `{}`", self.id, self.event.event_type())?;
        match &self.cause {
            DeadLetterCause::Failed { recipient, attempts } => {
                let plural = if attempts.len() == 1 { "" } else { "s" };
                write!(f, " at {recipient}, {} attempt{plural}", attempts.len())?;
            }
            DeadLetterCause::Refused(_) => {}
        }
        write!(f, ": {}", self.cause)
    }
}

/// The last error.
impl fmt::Display for DeadLetterCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed { attempts, .. } => attempts.last().map_or(Ok(()), |last| last.error().fmt(f)),
            Self::Refused(refusal) => refusal.fmt(f),
        }
    }
}
