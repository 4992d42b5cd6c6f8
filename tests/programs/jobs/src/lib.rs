//! A crate on top of `atoms`, as others may write one: it uses what is public, and nothing else.

mod codec;
mod extension;
mod job;
mod journal;
mod pause;

pub use codec::CloudEvents;
pub use extension::{Jobs, RunJobs};
pub use job::{Job, JobProblem, When};
pub use journal::Journal;
pub use pause::{Held, Pause};

#[doc(hidden)]
pub use atoms as __atoms;

/// Says that an event is emitted again and again, or after another job.
#[macro_export]
macro_rules! job {
    ($name:literal every $seconds:literal seconds: $event:expr) => {
        $crate::job! { $name, $crate::When::EverySeconds($seconds), $event }
    };
    ($name:literal after $other:literal: $event:expr) => {
        $crate::job! { $name, $crate::When::After($other), $event }
    };
    ($name:literal, $when:expr, $event:expr) => {
        const _: () = {
            static JOB: $crate::Job =
                $crate::Job::new($name, $when, || $crate::__atoms::Envelope::new($event).into());
            $crate::__atoms::entry! { &JOB, unique: "jobs.", $name }
        };
    };
}
