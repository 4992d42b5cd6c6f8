//! Handles codecs that fail or panic in a session.

use std::any::Any;

use atoms_runtime::{AnyEvent, DecodeError, DecodeErrorKind, EncodeError, EncodeErrorKind};

use super::{Session, SessionEnd};
use crate::events::{AgentError, Severity};
use crate::instance::failure::{self, Why};

const UNKNOWN: &str = "unknown";

/// Returns why the session ends whose client has sent this frame, or `None` if the frame is only wrong. A `Deserialize` that
/// panics is the agent's fault, and its message is only logged.
pub(super) fn end_of_unread(session: Option<&str>, error: &DecodeError) -> Option<SessionEnd> {
    let DecodeErrorKind::Panicked(text) = error.kind() else { return None };
    let (what, event_type) = ("a frame could not be read", error.event_type().unwrap_or(UNKNOWN));
    let id = failure::log(session, None, event_type, what, &Why::Panic(text.clone()));
    Some(SessionEnd::Failed(failure::told(what, None, id)))
}

impl Session {
    /// Tells the client that an event for it could not be written. A `Serialize` that panics ends the session.
    pub(super) fn not_written(&self, event: &AnyEvent, error: EncodeError) {
        let what = "an event could not be written";
        let (panicked, why) = match error.kind() {
            EncodeErrorKind::Panicked(text) => (true, Why::Panic(text.clone())),
            _ => (false, Why::Error(error.into())),
        };
        let id = failure::log(Some(self.id()), None, event.event_type(), what, &why);
        let message = failure::told(what, None, id);
        if panicked {
            self.end_with(SessionEnd::Failed(message));
        } else if !event.is::<AgentError>() {
            self.tell(AgentError { message, severity: Severity::Warning, payload: Default::default() });
        }
    }

    /// Ends the session after a panic outside of its nodes, such as in an event's `Clone`.
    pub(super) fn panicked(&self, panic: Box<dyn Any + Send>) {
        let what = "the session cannot go on";
        let id = failure::log(Some(self.id()), None, UNKNOWN, what, &Why::panicked(panic));
        self.end_with(SessionEnd::Failed(failure::told(what, None, id)));
    }
}
