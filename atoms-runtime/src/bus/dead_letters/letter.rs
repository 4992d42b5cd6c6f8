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
    /// How many bytes of memory it takes.
    pub(super) size: usize,
    pub(super) at: Timestamp,
}

/// How many attempts are kept of a letter whose handler is called again and again: the latest ones.
pub(in crate::bus) const MAX_ATTEMPTS: usize = 64;

/// How many bytes the errors of a letter's attempts take together, but for the last one's: of the latest.
const ERROR_BYTES: usize = 64 * 1024;

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

    /// Each failed call of the handler, in order, those of redeliveries included; empty if there was none. Of
    /// many the last 64 are kept, or as many of the last as have errors of 64 KiB together, as they are shown.
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
    /// Puts these attempts before its own, as far as there is room for them.
    pub(super) fn follow(&mut self, earlier: &[Attempt]) {
        let Self::Failed { attempts, .. } = self else { return };
        attempts.splice(..0, earlier.iter().cloned());
        let mut bytes = 0;
        let kept = attempts.iter().rev().enumerate().take(MAX_ATTEMPTS).take_while(|(place, attempt)| {
            bytes += attempt.size();
            *place == 0 || bytes <= ERROR_BYTES
        });
        let too_many = attempts.len() - kept.count();
        attempts.drain(..too_many);
    }

    /// How many bytes of memory it takes.
    pub(super) fn size(&self) -> usize {
        match self {
            Self::Failed { attempts, .. } => attempts.iter().map(Attempt::size).sum(),
            Self::Refused(_) => 0,
        }
    }

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
