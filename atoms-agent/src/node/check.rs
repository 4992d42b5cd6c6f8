//! Nodes as entries of the registry, with the checks at the start of a bus.

use std::panic::Location;

use atoms_runtime::{Entry, EventType, HandlerError, StartCheck, StartContext};

use super::NodeShape;

/// A problem of a node on a bus that starts, as the cause of a
/// [`StartProblem::Entry`](atoms_runtime::StartProblem::Entry).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NodeProblem {
    /// A handler of the node takes an old version of an event, but frames are read as the newest version.
    #[error(
        "`{method}` takes `{}`, which is version {} of `{}`, and frames of it arrive as `{}`, version {}: take `&{}`",
        old.path(), old.version(), old.name(), newest.path(), newest.version(), newest.path()
    )]
    TakesOldVersion {
        /// The name of the handler.
        method: &'static str,
        /// What it takes.
        old: &'static EventType,
        /// What it should take.
        newest: &'static EventType,
    },
}

impl Entry for NodeShape {
    const KIND: &'static str = "node";

    /// The path of its type.
    fn name(&self) -> &str {
        self.path()
    }

    fn place(&self) -> &'static Location<'static> {
        self.place
    }

    fn check(&self, start: &StartCheck<'_>) -> Vec<HandlerError> {
        let newest_of = |old: &EventType| {
            start.registry().event(old.name()).filter(|newest| newest.version() > old.version())
        };
        let mut problems = Vec::new();
        for method in self.methods {
            for old in method.takes.to_vec() {
                if let Some(newest) = newest_of(old) {
                    let method = method.name;
                    problems.push(NodeProblem::TakesOldVersion { method, old, newest }.into());
                }
            }
        }
        problems
    }

    /// What is missing is told when a session starts.
    fn take_states(&self, start: &StartContext<'_>) {
        self.binding.take_states(start);
    }
}
