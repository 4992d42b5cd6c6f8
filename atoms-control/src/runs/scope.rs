//! What is paused, resumed or cancelled.

use std::fmt;

use atoms_runtime::{InSession, Metadata, Shown};

use crate::work::{Run, RunId};

/// What is paused, resumed or cancelled: a run, a session, or the whole bus.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Scope {
    /// A run, with all runs that belong to it.
    Run(RunId),
    /// The runs and events of this session, with its turns.
    Session(String),
    /// All runs and events of the bus.
    Bus,
}

impl Scope {
    pub(super) fn run(&self) -> Option<RunId> {
        match self {
            Self::Run(run) => Some(*run),
            _ => None,
        }
    }

    pub(super) fn session(&self) -> Option<&str> {
        match self {
            Self::Session(session) => Some(session),
            _ => None,
        }
    }
}

impl From<RunId> for Scope {
    fn from(run: RunId) -> Self {
        Self::Run(run)
    }
}

impl From<&Run> for Scope {
    fn from(run: &Run) -> Self {
        Self::Run(run.id())
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Run(run) => write!(f, "the run {run}"),
            Self::Session(session) => write!(f, "the session `{}`", Shown(session)),
            Self::Bus => f.write_str("the bus"),
        }
    }
}

/// Where a delivery belongs.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) run: Option<Run>,
    pub(super) session: Option<String>,
}

impl Place {
    /// The place of an event in this run: one of a conversation carries its session, and any other one says it.
    pub(super) fn new(run: Option<&Run>, session: Option<&InSession>, metadata: &Metadata) -> Self {
        let session = session.map(InSession::id).or_else(|| metadata.session_id());
        Self { run: run.cloned(), session: session.map(Into::into) }
    }

    /// Whether it belongs to this.
    pub(super) fn is_in(&self, scope: &Scope) -> bool {
        match scope {
            Scope::Run(id) => self.run.iter().flat_map(Run::ancestry).any(|run| run.id() == *id),
            Scope::Session(session) => self.is_in_session(session),
            Scope::Bus => true,
        }
    }

    fn is_in_session(&self, session: &str) -> bool {
        let own = self.session.as_deref() == Some(session);
        own || self.run.as_ref().and_then(Run::session) == Some(session)
    }
}
