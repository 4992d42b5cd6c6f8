//! A kind of entries.

use std::fmt;
use std::panic::Location;

use atoms::{AnyEvent, Entry, HandlerError, StartCheck};

/// Emits an event again and again, or after another job.
pub struct Job {
    name: &'static str,
    when: When,
    event: fn() -> AnyEvent,
    place: &'static Location<'static>,
}

/// When a job runs.
#[derive(Debug, Clone, Copy)]
pub enum When {
    /// Again and again, after so many seconds.
    EverySeconds(u64),
    /// When this job has run.
    After(&'static str),
}

/// What is wrong with a job.
#[derive(Debug, PartialEq, thiserror::Error)]
pub enum JobProblem {
    /// There would be no end of it.
    #[error("it runs every 0 seconds: give it 1 second or more")]
    NoTime,
    /// Nobody handles its event.
    #[error("nothing on this bus handles `{0}`: write a `#[handler]` that takes it")]
    Unhandled(String),
    /// The job that it runs after is not there.
    #[error("it runs after the job `{other}`, which is not there{}", nearest.map(|it| format!(": write `{it}`")).unwrap_or_default())]
    Unknown {
        /// The job that is not there.
        other: &'static str,
        /// The job with the most similar name.
        nearest: Option<&'static str>,
    },
}

impl Job {
    /// A job of this name, which emits what `event` returns.
    #[track_caller]
    pub const fn new(name: &'static str, when: When, event: fn() -> AnyEvent) -> Self {
        Self { name, when, event, place: Location::caller() }
    }

    /// The event that it emits now.
    pub fn event(&self) -> AnyEvent {
        (self.event)()
    }

    /// When it runs.
    pub fn when(&self) -> When {
        self.when
    }

    fn problems(&self, start: &StartCheck<'_>) -> Vec<JobProblem> {
        let (registry, mut problems) = (start.registry(), Vec::new());
        match self.when {
            When::EverySeconds(0) => problems.push(JobProblem::NoTime),
            When::EverySeconds(_) => {}
            When::After(other) => {
                let names =
                    || registry.entries::<Self>().map(|job| job.name).filter(|name| *name != self.name);
                if !names().any(|name| name == other) {
                    let nearest = names().min_by_key(|name| strsim::levenshtein(name, other));
                    problems.push(JobProblem::Unknown { other, nearest });
                }
            }
        }
        let event = self.event();
        let is_handled = event.known_type().is_some_and(|known| registry.handlers_of(known).next().is_some());
        problems.extend((!is_handled).then(|| JobProblem::Unhandled(event.event_type().to_owned())));
        problems
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
        self.problems(start).into_iter().map(Into::into).collect()
    }
}

impl fmt::Debug for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Job").field("name", &self.name).field("when", &self.when).finish_non_exhaustive()
    }
}
