//! All runs of one bus.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use atoms_runtime::{Bus, Cause, Extension};

use super::error::NotStarted;
use super::outbox::Outbox;
use super::steering::Steered;
use super::{MOST_IN_CHAIN, MOST_NAME_BYTES, MOST_NESTED, MOST_RUNS};
use crate::principal::Principal;
use crate::sync::Mutex;
use crate::work::{NewRun, Run, RunId, Why};

/// What all who start and steer runs on one bus share.
#[derive(Default)]
pub(crate) struct Board {
    runs: Mutex<BTreeMap<RunId, Run>>,
    pub(crate) outbox: Arc<Outbox>,
    is_closed: AtomicBool,
}

/// Where a run is started.
#[derive(Debug, Clone)]
pub(crate) enum Whereabouts {
    /// In the work of the run, or in the session, of the event in whose handler this is called.
    Here,
    /// In no run, though in the session of that event.
    Apart,
    /// In the work of this run.
    In(Run),
    /// In this session, and in no run.
    Session(String),
}

/// A run that is to be started.
pub(super) struct Wanted {
    pub(super) name: String,
    pub(super) place: Whereabouts,
    /// For whom, if that is said.
    pub(super) principal: Option<Principal>,
    /// Whether it is the work of the agent that has its name.
    pub(super) is_agent: bool,
}

/// What is known there.
struct Found {
    parent: Option<Run>,
    /// How many runs have led there, each started by the one before.
    generation: usize,
    session: Option<String>,
    principal: Option<Principal>,
}

impl Whereabouts {
    fn found(self) -> Found {
        let cause = Cause::current();
        let before = cause.as_ref().and_then(Cause::carried::<Run>);
        let generation = before.map_or(0, Run::generation) + 1;
        let parent = match self {
            // Any number of turns of a session follow from each other.
            Self::Session(session) => {
                return Found { parent: None, generation: 1, session: Some(session), principal: None };
            }
            Self::In(parent) => Some(parent),
            Self::Apart => None,
            // What is handled after the work of its run has ended, such as the event that tells so, is not in it.
            Self::Here => before.filter(|run| !run.is_over() || run.is_cancelled()).cloned(),
        };
        let own = cause.as_ref().and_then(Cause::session_id);
        let session = own.or_else(|| parent.as_ref().and_then(Run::session)).map(Into::into);
        let of_parent = parent.as_ref().and_then(Run::principal);
        let principal = of_parent.or_else(|| cause.as_ref().and_then(Cause::carried)).cloned();
        Found { parent, generation, session, principal }
    }
}

impl Board {
    /// The board of a bus.
    pub(crate) fn of(bus: &Bus) -> Arc<Self> {
        bus.extension_or_insert_with(Self::default)
    }

    /// Begins a run. It is for the principal that is said, or else for that of the run or the event that it follows from.
    pub(super) fn begin(
        &self,
        bus: &Bus,
        Wanted { name, place, principal, .. }: Wanted,
    ) -> Result<Run, NotStarted> {
        if name.len() > MOST_NAME_BYTES {
            return Err(NotStarted::NameTooLong { bytes: name.len(), limit: MOST_NAME_BYTES });
        }
        let Found { parent, generation, session, principal: inherited } = place.found();
        if parent.as_ref().is_some_and(|parent| parent.depth() >= MOST_NESTED) {
            return Err(NotStarted::TooDeep { limit: MOST_NESTED });
        }
        if parent.is_none() && generation > MOST_IN_CHAIN {
            return Err(NotStarted::Loop { limit: MOST_IN_CHAIN });
        }
        let principal = principal.or(inherited);
        let run = Run::new(bus, NewRun { name, parent, generation, session, principal });
        let mut runs = self.runs.lock();
        if self.is_closed.load(Ordering::SeqCst) || bus.is_closed() {
            return Err(NotStarted::Closed);
        }
        if runs.len() >= MOST_RUNS {
            return Err(NotStarted::TooMany { limit: MOST_RUNS });
        }
        if let Some(parent) = run.parent()
            && !parent.adopt(&run)
        {
            return Err(NotStarted::ParentEnded { parent: parent.to_string() });
        }
        runs.insert(run.id(), run.clone());
        Ok(run)
    }

    /// Forgets a run that has ended, and tells all who wait for that.
    pub(crate) fn end(&self, run: &Run) {
        let ended = self.runs.lock().remove(&run.id());
        if let Some(parent) = run.parent() {
            parent.forget(run.id());
        }
        run.set_start(None);
        // A pause ends with what is paused.
        if let Some(steered) = run.bus().as_ref().and_then(Steered::of) {
            steered.gate.resume(&run.into());
        }
        run.tell_ended();
        drop(ended);
    }

    pub(crate) fn get(&self, id: RunId) -> Option<Run> {
        self.runs.lock().get(&id).cloned()
    }

    /// Those that go on, sorted by when they were started.
    pub(crate) fn all(&self) -> Vec<Run> {
        self.runs.lock().values().cloned().collect()
    }

    /// Says to all runs that the bus ends.
    fn close(&self) {
        self.is_closed.store(true, Ordering::SeqCst);
        let why = Why { reason: Some("the bus is shut down".into()), by: None };
        for run in self.all() {
            run.cancel_all(&why, &mut Vec::new());
        }
    }
}

impl Extension for Board {
    fn closing(&self) {
        self.close();
    }

    /// Nothing waits any longer.
    fn ended(&self) {
        for run in self.all() {
            run.stopped().cancel();
        }
    }
}

impl Drop for Board {
    fn drop(&mut self) {
        self.close();
        Extension::ended(self);
    }
}

impl fmt::Debug for Board {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Board").field("runs", &self.runs.lock().len()).finish_non_exhaustive()
    }
}
