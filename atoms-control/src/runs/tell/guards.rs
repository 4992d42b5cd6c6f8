//! What is told at its beginning, and by a guard at its end.

use std::fmt;
use std::time::Instant;

use atoms_runtime::{LogLimit, Shown};

use super::{Source, Teller, Telling, micros, teller};
use crate::events::{PhaseCompleted, PhaseStarted, TaskCompleted, TaskFailed, TaskStarted};
use crate::work::Run;

/// Who begins many begins many more.
static NOT_TOLD: LogLimit = LogLimit::new(10, "more phases and tasks of which there was no room to tell");

/// Whether there was room for a beginning. Nobody else sees it if there was none.
fn is_told(told: &Telling, kind: &str, name: &str) -> bool {
    let outcome = told.outcome();
    if let Err(error) = outcome
        && NOT_TOLD.allows()
    {
        tracing::warn!(%error, name = %Shown(name), "it is not told that a {kind} begins");
    }
    outcome.is_ok()
}

/// A phase of the work, until this is dropped.
#[derive(Debug)]
#[must_use = "the phase is over when this is dropped"]
pub struct Phase {
    source: Source,
    phase: String,
    begun: Instant,
    /// Whether there was room for its beginning. Then there is for its end.
    is_told: bool,
}

impl Phase {
    pub(super) fn begin(teller: &Teller<'_>, phase: String) -> Self {
        let told = teller.tell(phase.as_str(), |run, source, message| PhaseStarted {
            run,
            source,
            message,
            phase: phase.clone(),
        });
        let is_told = is_told(&told, "phase", &phase);
        Self { source: teller.to_source(), phase, begun: Instant::now(), is_told }
    }
}

impl Drop for Phase {
    fn drop(&mut self) {
        let elapsed_micros = micros(self.begun.elapsed());
        let phase = self.phase.clone();
        let told = teller(&self.source).put(self.is_told, phase.clone(), |run, source, message| {
            PhaseCompleted { run, source, message, phase, elapsed_micros }
        });
        drop(told);
    }
}

/// A task of an agent. If it is dropped before it is [completed](Self::completed), it has failed.
#[derive(Debug)]
#[must_use = "the task has failed when this is dropped: say that it is `completed`"]
pub struct Task {
    source: Source,
    task: String,
    begun: Instant,
    /// Whether there was room for its beginning. Then there is for its end.
    is_told: bool,
    is_open: bool,
}

impl Task {
    pub(super) fn begin(who: &Teller<'_>, task: String, agent: String) -> Self {
        let source = Source { name: agent, ..who.to_source() };
        let is_first = source.run.as_ref().is_some_and(Run::begins_task);
        let told = teller(&source).put(is_first, task.as_str(), |run, source, message| TaskStarted {
            run,
            source,
            message,
            task: task.clone(),
        });
        let is_told = is_told(&told, "task", &task);
        Self { source, task, begun: Instant::now(), is_told, is_open: true }
    }

    /// Tells that the task is done.
    pub fn completed(mut self) {
        self.is_open = false;
        let (task, elapsed_micros) = (self.task.clone(), micros(self.begun.elapsed()));
        let told = teller(&self.source).put(self.is_told, task.clone(), |run, source, message| {
            TaskCompleted { run, source, message, task, elapsed_micros }
        });
        drop(told);
    }

    /// Tells that the task has failed, and why.
    pub fn failed(mut self, error: impl fmt::Display) {
        self.fail(error.to_string());
    }

    fn fail(&mut self, error: String) {
        self.is_open = false;
        let (task, elapsed_micros) = (self.task.clone(), micros(self.begun.elapsed()));
        let told = teller(&self.source).put(self.is_told, error.clone(), |run, source, message| TaskFailed {
            run,
            source,
            message,
            task,
            error,
            elapsed_micros,
        });
        drop(told);
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        if self.is_open {
            self.fail("it was not completed".into());
        }
    }
}
