//! What failed of an emitted event, and of those that followed from it.

use std::error::Error;
use std::fmt;

use super::receipt::{LostEvents, Receipt};
use crate::caught::Guarded;
use crate::handler::{FailureKind, Recipient};

impl Receipt {
    /// Returns all failures, here and in what followed.
    pub fn failures(&self) -> Vec<Failure<'_>> {
        let mut failures = Vec::new();
        self.collect_failures(&mut failures);
        failures
    }

    fn collect_failures<'a>(&'a self, all: &mut Vec<Failure<'a>>) {
        let event_type = self.event_type();
        if let Some(error) = self.refusal() {
            all.push(Failure { event_type, recipient: None, error });
        }
        if let Some(error) = self.under_way() {
            all.push(Failure { event_type, recipient: None, error });
        }
        for (recipient, error) in self.failures_by_recipient() {
            all.push(Failure { event_type, recipient: Some(*recipient), error: FailureKind::cause(error) });
        }
        let lost = |error| Failure { event_type: LostEvents::event_type(error), recipient: None, error };
        all.extend(self.lost().iter().map(lost));
        self.follow_ups().iter().for_each(|receipt| receipt.collect_failures(all));
    }

    /// Returns an error if anything failed, here or in what followed, or if the event is a
    /// [duplicate](Receipt::duplicate) of one that is being handled.
    pub fn into_result(self) -> Result<(), EmitError> {
        if self.is_ok() { Ok(()) } else { Err(EmitError { receipt: self }) }
    }
}

/// A failure of an event or of one that followed from it.
#[derive(Clone, Copy)]
pub struct Failure<'a> {
    /// The type string of the event.
    pub event_type: &'a str,
    /// The recipient that failed; `None` if the event was not delivered at all.
    pub recipient: Option<Recipient>,
    /// The error: a handler's own error, or a [`FailureKind`], a [`Refusal`](crate::Refusal) or a
    /// [`Duplicate`](crate::Duplicate).
    pub error: &'a (dyn Error + 'static),
}

impl fmt::Display for Failure<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.recipient {
            Some(recipient) => write!(f, "`{}` at {recipient}: {}", self.event_type, Guarded(self.error)),
            None => write!(f, "`{}`: {}", self.event_type, Guarded(self.error)),
        }
    }
}

impl fmt::Debug for Failure<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Failure")
            .field("event_type", &self.event_type)
            .field("recipient", &self.recipient)
            .field("error", &Guarded(self.error))
            .finish()
    }
}

/// The error that an event, or one that followed from it, failed.
pub struct EmitError {
    receipt: Receipt,
}

impl EmitError {
    /// Returns the receipt of the event.
    pub fn receipt(&self) -> &Receipt {
        &self.receipt
    }
}

crate::text::debug_as_display!(EmitError);

impl fmt::Display for EmitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let failures = self.receipt.failures();
        let mut lines = failures.iter().map(ToString::to_string);
        f.write_str(&lines.next().unwrap_or_default())?;
        lines.try_for_each(|line| write!(f, "; {line}"))
    }
}

impl Error for EmitError {
    /// The first thing that went wrong.
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.receipt.failures().first().map(|failure| failure.error)
    }
}
