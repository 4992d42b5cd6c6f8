//! The event that a bot emits when a human has to look at a conversation.

use atoms::prelude::*;

/// A human has to look at this.
#[allow(deprecated, reason = "the name has no namespace, and is known to others as it is")]
#[event(type = "escalation_event")]
pub(crate) struct EscalationEvent {
    pub(crate) reason: String,
    #[event(default = Some("medium".to_owned()))]
    pub(crate) severity: Option<String>,
}

impl EscalationEvent {
    /// Of the severity that is the default on the wire, too.
    pub(crate) fn medium(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), severity: Some("medium".to_owned()) }
    }

    pub(crate) fn high(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), severity: Some("high".to_owned()) }
    }
}
