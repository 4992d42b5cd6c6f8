//! Reports a failure: all of it to the log, and only its kind to the client.

use std::any::Any;
use std::error::Error;
use std::fmt;

use atoms_runtime::{Guarded, HandlerError, LogLimit, Shown, panic_message};
use uuid::Uuid;

/// A client can make a node fail with each of its events.
static FAILURES: LogLimit = LogLimit::new(100, "more failures of nodes are in the log at the level DEBUG");

/// Why something failed.
pub(crate) enum Why {
    /// It returned an error.
    Error(HandlerError),
    /// It panicked, with this text.
    Panic(String),
}

impl Why {
    pub(crate) fn panicked(panic: Box<dyn Any + Send>) -> Self {
        Self::Panic(panic_message(panic))
    }

    pub(crate) fn into_error(self) -> HandlerError {
        match self {
            Self::Error(error) => error,
            Self::Panic(text) => text.into(),
        }
    }
}

impl fmt::Display for Why {
    /// The whole text, for the log: an error with its causes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let error: &dyn Error = match self {
            Self::Panic(text) => return write!(f, "it panicked: {text}"),
            Self::Error(error) => &**error,
        };
        write!(f, "{error}")?;
        let mut cause = error.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

/// Writes a failure to the log, with an id by which it is found there.
pub(crate) fn log(
    session: Option<&str>,
    node: Option<&str>,
    event_type: &str,
    what: &str,
    why: &Why,
) -> Uuid {
    let id = Uuid::now_v7();
    // They may contain text that a client has sent.
    let (r#type, error) = (Shown(event_type), Shown(why));
    if FAILURES.allows() {
        tracing::warn!(error_id = %id, node, session, %r#type, %error, "{what}");
    } else {
        tracing::debug!(error_id = %id, node, session, %r#type, %error, "{what}");
    }
    id
}

/// The message to the client. The text of an error may contain secrets, such as the address of a database with its
/// password, and so is left out unless it is `exposed`.
pub(crate) fn told(what: &str, exposed: Option<&HandlerError>, id: Uuid) -> String {
    match exposed {
        Some(error) => format!("{what}: {} (error {id})", Guarded(error)),
        None => format!("{what} (error {id})"),
    }
}
