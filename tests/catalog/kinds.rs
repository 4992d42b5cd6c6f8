//! Two kinds, as crates on top of `atoms` add them.

use std::panic::Location;

use atoms::{Entry, HandlerError, StartCheck};

/// Where jobs are kept.
pub(crate) struct Calendar(pub(crate) u32);

/// Emits an event again and again.
pub(crate) struct Job {
    name: &'static str,
    emits: &'static str,
    needs_calendar: bool,
    place: &'static Location<'static>,
}

/// What is wrong with a job.
#[derive(Debug, thiserror::Error, PartialEq)]
pub(crate) enum JobProblem {
    #[error("it emits `{0}`, which no event of the bus is called")]
    Unknown(&'static str),
    #[error("the calendar is full")]
    Full,
    #[error("its name is lost, as the bus has a store: give it an id")]
    NoId,
}

impl Job {
    #[track_caller]
    pub(crate) const fn new(name: &'static str, emits: &'static str) -> Self {
        Self { name, emits, needs_calendar: false, place: Location::caller() }
    }

    pub(crate) const fn in_calendar(self) -> Self {
        Self { needs_calendar: true, ..self }
    }
}

impl Entry for Job {
    const KIND: &'static str = "job";
    const UNIQUE: bool = true;

    fn name(&self) -> &str {
        self.name
    }

    fn place(&self) -> &'static Location<'static> {
        self.place
    }

    fn check(&self, start: &StartCheck<'_>) -> Vec<HandlerError> {
        let mut problems: Vec<HandlerError> = Vec::new();
        if start.registry().event(self.emits).is_none() {
            problems.push(JobProblem::Unknown(self.emits).into());
        }
        if self.needs_calendar {
            match start.context().state::<Calendar>() {
                Ok(calendar) if calendar.0 > 0 => {}
                Ok(_) => problems.push(JobProblem::Full.into()),
                Err(missing) => problems.push(missing.into()),
            }
            problems.extend(start.has_store().then(|| JobProblem::NoId.into()));
        }
        problems
    }
}

/// Names jobs.
pub(crate) struct Plan {
    name: &'static str,
    jobs: &'static [&'static str],
    place: &'static Location<'static>,
}

impl Plan {
    #[track_caller]
    pub(crate) const fn new(name: &'static str, jobs: &'static [&'static str]) -> Self {
        Self { name, jobs, place: Location::caller() }
    }
}

impl Entry for Plan {
    const KIND: &'static str = "plan";

    fn name(&self) -> &str {
        self.name
    }

    fn place(&self) -> &'static Location<'static> {
        self.place
    }

    fn check(&self, start: &StartCheck<'_>) -> Vec<HandlerError> {
        let is_there = |name: &&str| start.registry().entries::<Job>().any(|job| job.name == *name);
        let missing = self.jobs.iter().filter(|name| !is_there(name));
        missing.map(|name| format!("there is no job `{name}`").into()).collect()
    }
}
