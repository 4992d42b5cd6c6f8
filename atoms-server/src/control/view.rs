//! Runs, and what became of them, as callers see them.

use atoms_control::{Cancelled, Control, DroppedEvent, QuestionId, Run, RunId};
use atoms_runtime::{Bus, Timestamp};
use serde::Serialize;

/// How many of those that were cancelled or dropped are listed.
const LISTED: usize = 1_000;

/// A run as callers see it. Members without a value are left out.
#[derive(Serialize)]
pub(super) struct View<'a> {
    id: RunId,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent: Option<RunId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    principal: Option<&'a str>,
    started_at: Timestamp,
    is_paused: bool,
    is_cancelled: bool,
}

impl<'a> View<'a> {
    pub(super) fn of(bus: &Bus, run: &'a Run) -> Self {
        Self {
            id: run.id(),
            name: run.name(),
            parent: run.parent().map(Run::id),
            session: run.session(),
            principal: run.principal().map(|principal| principal.name()),
            started_at: run.started_at(),
            is_paused: bus.runs().is_paused(run),
            is_cancelled: run.is_cancelled(),
        }
    }
}

/// How many there are, and the first of them.
#[derive(Serialize)]
struct Listed<T> {
    count: usize,
    first: Vec<T>,
}

impl<T> Listed<T> {
    fn of<U>(all: Vec<U>, shown: impl FnMut(U) -> T) -> Self {
        Self { count: all.len(), first: all.into_iter().take(LISTED).map(shown).collect() }
    }
}

#[derive(Serialize)]
struct Dropped {
    #[serde(rename = "type")]
    event_type: String,
    id: String,
}

/// What became of runs that were cancelled.
#[derive(Serialize)]
pub(super) struct Ended {
    runs: Listed<RunId>,
    questions: Listed<QuestionId>,
    dropped: Listed<Dropped>,
    still_running: Listed<String>,
}

impl From<Cancelled> for Ended {
    fn from(cancelled: Cancelled) -> Self {
        let dropped = |DroppedEvent { event_type, id, .. }| Dropped { event_type, id: id.to_string() };
        Self {
            runs: Listed::of(cancelled.runs, |run| run),
            questions: Listed::of(cancelled.questions, |question| question),
            dropped: Listed::of(cancelled.dropped, dropped),
            still_running: Listed::of(cancelled.still_running, |name| name),
        }
    }
}
