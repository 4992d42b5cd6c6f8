//! The events that tell of runs, and of the work that is done in them or without one.
//!
//! None of them is made unless somebody takes it. Those of one run are handled in order.

use atoms_runtime::{AnyEvent, Timestamp, event};

use crate::principal::Principal;
use crate::work::RunId;

/// An event that says nothing yet.
pub(crate) trait Blank {
    fn blank() -> Self;
}

/// What each event that tells of work says.
pub(crate) struct Told<'a> {
    pub(crate) source: &'a str,
    pub(crate) message: &'a str,
}

macro_rules! events {
    ($($(#[$meta:meta])* $name:ident = $type:literal { $($(#[$field_meta:meta])* $field:ident: $of:ty,)* })*) => {
    $(
        $(#[$meta])*
        #[event(type = $type, framework, crate = atoms_runtime)]
        pub struct $name {
            /// The run, if it is in one.
            #[event(key)]
            pub run: Option<RunId>,
            /// Who tells it: the run's name, or that of an agent or another part of the program.
            pub source: String,
            /// What a person reads of it.
            pub message: String,
            $($(#[$field_meta])* pub $field: $of,)*
        }

        impl Blank for $name {
            fn blank() -> Self {
                Self {
                    run: None,
                    source: String::new(),
                    message: String::new(),
                    $($field: Default::default(),)*
                }
            }
        }
    )*

        /// What an event says, if it tells of work.
        pub(crate) fn told(event: &AnyEvent) -> Option<Told<'_>> {
            $(if let Some(told) = event.downcast_ref::<$name>() {
                return Some(Told { source: &told.source, message: &told.message });
            })*
            None
        }
    };
}

events! {
    /// A run has started.
    RunStarted = "atoms.run.started" {
        /// The name of the run.
        name: String,
        /// The run that it belongs to.
        parent: Option<RunId>,
    }

    /// A run has succeeded.
    RunCompleted = "atoms.run.completed" {
        /// The name of the run.
        name: String,
        /// How long it took, in microseconds.
        elapsed_micros: u64,
    }

    /// A run has failed, or panicked.
    RunFailed = "atoms.run.failed" {
        /// The name of the run.
        name: String,
        /// The error, or what it panicked with.
        error: String,
        /// Whether it panicked.
        is_panic: bool,
        /// How long it took, in microseconds.
        elapsed_micros: u64,
    }

    /// A run was cancelled, and has ended; or all runs of a session or of the bus were, if it says no run.
    RunCancelled = "atoms.run.cancelled" {
        /// The name of the run.
        name: Option<String>,
        /// The session, if it is about one.
        session: Option<String>,
        /// Who cancelled it, if that is known.
        by: Option<Principal>,
        /// The reason, if one was given.
        reason: Option<String>,
    }

    /// A run, a session or the bus is paused.
    RunPaused = "atoms.run.paused" {
        /// The session, if it is about one.
        session: Option<String>,
        /// Who paused it, if that is known.
        by: Option<Principal>,
    }

    /// A run, a session or the bus goes on.
    RunResumed = "atoms.run.resumed" {
        /// The session, if it is about one.
        session: Option<String>,
        /// Who lets it go on, if that is known.
        by: Option<Principal>,
        /// How many events were held meanwhile.
        held: u64,
    }

    /// Work has made progress.
    Progress = "atoms.progress" {
        /// How much is done.
        completed: u64,
        /// How much there is to do.
        total: u64,
        /// What is done now.
        current_task: String,
        /// The part that is done, in percent: 0 if there is nothing to do.
        percentage: f64,
        /// When it will be done, if it goes on as it has since the start of the run.
        estimated_end: Option<Timestamp>,
    }

    /// A phase of the work has begun.
    PhaseStarted = "atoms.phase.started" {
        /// The phase.
        phase: String,
    }

    /// A phase of the work is over.
    PhaseCompleted = "atoms.phase.completed" {
        /// The phase.
        phase: String,
        /// How long it took, in microseconds.
        elapsed_micros: u64,
    }

    /// An agent, the source, was created: it is about to work.
    AgentCreated = "atoms.agent.created" {}

    /// An agent, the source, has begun to work.
    AgentStarted = "atoms.agent.started" {}

    /// An agent, the source, has done its work.
    AgentCompleted = "atoms.agent.completed" {}

    /// An agent, the source, has failed.
    AgentFailed = "atoms.agent.failed" {}

    /// An agent, the source, says something.
    AgentMessage = "atoms.agent.message" {}

    /// An agent has begun a task.
    TaskStarted = "atoms.task.started" {
        /// The task.
        task: String,
    }

    /// An agent has done a task.
    TaskCompleted = "atoms.task.completed" {
        /// The task.
        task: String,
        /// How long it took, in microseconds.
        elapsed_micros: u64,
    }

    /// An agent has not done a task.
    TaskFailed = "atoms.task.failed" {
        /// The task.
        task: String,
        /// Why.
        error: String,
        /// How long it took, in microseconds.
        elapsed_micros: u64,
    }

    /// Something went wrong.
    ErrorReported = "atoms.error.reported" {}

    /// A bug was found.
    BugDetected = "atoms.bug.detected" {}

    /// A discussion has begun.
    DiscussionStarted = "atoms.discussion.started" {}

    /// Somebody has begun to fix something.
    FixStarted = "atoms.fix.started" {}

    /// What somebody thinks, such as a model.
    Thinking = "atoms.thinking" {}
}
