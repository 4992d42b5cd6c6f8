//! Two events that a user of the SDK would define.

use atoms::prelude::*;

use super::raw::{Integer, Object};

/// `EscalationEvent`
#[event(type = "escalation_event", framework)]
pub(crate) struct Escalation {
    /// Why a human is needed.
    pub(crate) reason: String,
    /// How much so.
    #[event(default = Some("medium".to_owned()))]
    pub(crate) severity: Option<String>,
}

/// `OrderCreatedEvent`
#[event(type = "myapp.order.created")]
pub(crate) struct OrderCreated {
    /// The order's number.
    pub(crate) order_id: Integer,
    /// Its price.
    pub(crate) total: f64,
    /// What was ordered.
    pub(crate) items: Object,
}
