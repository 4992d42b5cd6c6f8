//! The handlers that the nodes of sessions run now.

use std::fmt;

use super::{Session, Sessions};
use crate::instance::pulse::Pulse;

/// How many handlers a text names.
const NAMED: usize = 8;

const NOTHING_RUNS: &str =
    "no handler of a node runs, but clients have not read all output, or not closed their connections";

/// A handler of a node that runs now: see [`Sessions::running`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RunningHandler {
    /// The id of its session.
    pub session: String,
    /// The name of its node.
    pub node: &'static str,
    /// Its name; `None` if the node is being made, started or stopped.
    pub handler: Option<&'static str>,
    /// Whether it holds its thread now, instead of awaiting something.
    pub holds_thread: bool,
}

impl fmt::Display for RunningHandler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.handler {
            Some(handler) => write!(f, "`{}::{handler}`", self.node)?,
            None => write!(f, "the start or the end of `{}`", self.node)?,
        }
        write!(f, " in the session {}", self.session)?;
        if self.holds_thread { f.write_str(", which holds its thread") } else { Ok(()) }
    }
}

impl Sessions {
    /// Returns the handlers of nodes that run now, in no particular order. It includes those of ended sessions that
    /// still hold their thread. It needs no runtime.
    pub fn running(&self) -> Vec<RunningHandler> {
        let mut running = Vec::new();
        self.0.each_pulse(|session, place, pulse| {
            let described = session.describe(place, pulse);
            if described.handler.is_some() || described.holds_thread {
                running.push(described);
            }
        });
        running
    }

    /// Returns what [runs](Self::running) now, in words for a log that tells why sessions do not end. It names 8 handlers
    /// at most.
    pub fn running_text(&self) -> String {
        let running = self.running();
        let named: Vec<_> = running.iter().take(NAMED).map(ToString::to_string).collect();
        match running.len() {
            0 => NOTHING_RUNS.into(),
            count if count > NAMED => format!("{}, and {} more", named.join(", "), count - NAMED),
            _ => named.join(", "),
        }
    }
}

impl Session {
    /// Returns what a node of the session runs now.
    pub(super) fn describe(&self, place: usize, pulse: &Pulse) -> RunningHandler {
        let shape = self.0.sessions.0.shape(place);
        RunningHandler {
            session: self.id().to_owned(),
            node: shape.name,
            handler: pulse.place().and_then(|place| shape.handler(place)),
            holds_thread: pulse.poll().is_some(),
        }
    }
}
