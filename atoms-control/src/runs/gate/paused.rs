//! What is paused.

use std::collections::HashSet;

use super::super::scope::{Place, Scope};
use crate::work::{Run, RunId};

/// What is paused.
#[derive(Debug, Default)]
pub(super) struct Paused {
    runs: HashSet<RunId>,
    sessions: HashSet<String>,
    bus: bool,
}

impl Paused {
    pub(super) fn len(&self) -> usize {
        self.runs.len() + self.sessions.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0 && !self.bus
    }

    pub(super) fn holds(&self, place: &Place) -> bool {
        let is_session = |session: &str| self.sessions.contains(session);
        let mut runs = place.run.iter().flat_map(Run::ancestry);
        self.bus
            || place.session.as_deref().is_some_and(is_session)
            || runs.any(|run| self.runs.contains(&run.id()) || run.session().is_some_and(is_session))
    }

    pub(super) fn contains(&self, scope: &Scope) -> bool {
        match scope {
            Scope::Run(run) => self.runs.contains(run),
            Scope::Session(session) => self.sessions.contains(session),
            Scope::Bus => self.bus,
        }
    }

    pub(super) fn insert(&mut self, scope: Scope) {
        match scope {
            Scope::Run(run) => drop(self.runs.insert(run)),
            Scope::Session(session) => drop(self.sessions.insert(session)),
            Scope::Bus => self.bus = true,
        }
    }

    /// Whether it was there.
    pub(super) fn remove(&mut self, scope: &Scope) -> bool {
        match scope {
            Scope::Run(run) => self.runs.remove(run),
            Scope::Session(session) => self.sessions.remove(session),
            Scope::Bus => std::mem::take(&mut self.bus),
        }
    }
}
