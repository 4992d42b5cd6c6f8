//! The node that watches, and says nothing.

use atoms::agent::events::{AgentError, ResponseEnd, Role, TranscriptUpdate};
use atoms::prelude::*;

use crate::escalation::EscalationEvent;

/// Counts what happens in a conversation, for those who run the server.
#[derive(Debug, Default)]
pub(crate) struct AuditLog {
    questions: u32,
    answers: u32,
    interrupted: u32,
    escalations: u32,
    errors: u32,
}

#[node(background)]
impl AuditLog {
    #[handler]
    fn hear(&mut self, said: &TranscriptUpdate) {
        self.questions += u32::from(said.role == Role::User);
    }

    #[handler]
    fn answered(&mut self, end: &ResponseEnd) {
        self.answers += 1;
        self.interrupted += u32::from(end.interrupted);
    }

    #[handler]
    fn escalated(&mut self, _: &EscalationEvent) {
        self.escalations += 1;
    }

    #[handler]
    fn failed(&mut self, error: &AgentError, session: Session) {
        self.errors += 1;
        tracing::error!(session = session.id(), message_to_client = error.message, "a node failed");
    }

    #[stopped]
    fn sum_up(&mut self, session: Session) {
        let Self { questions, answers, interrupted, escalations, errors } = *self;
        tracing::info!(
            session = session.id(),
            questions,
            answers,
            interrupted,
            escalations,
            errors,
            "the end"
        );
    }
}
