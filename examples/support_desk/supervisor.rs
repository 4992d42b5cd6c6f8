//! The node that hears when a human is needed.

use atoms::agent::events::{Log, Object};
use atoms::prelude::*;

use crate::escalation::EscalationEvent;
use crate::shop::Shop;

/// Opens a ticket for each escalation, and has it logged.
#[derive(Default)]
pub(crate) struct Supervisor;

#[node]
impl Supervisor {
    /// Takes the escalation by value, so it goes no further. All other events pass on by themselves.
    #[handler]
    fn take_over(&mut self, escalation: EscalationEvent, shop: State<Shop>, session: Session) -> Log {
        let EscalationEvent { reason, severity } = escalation;
        let severity = severity.unwrap_or_else(|| "medium".to_owned());
        let ticket = shop.next_ticket();
        tracing::warn!(session = session.id(), ticket, severity, reason, "escalation received");
        let payload = Object::new().with("ticket", ticket).with("reason", reason).with("severity", severity);
        Log { name: "escalation".to_owned(), payload }
    }
}
