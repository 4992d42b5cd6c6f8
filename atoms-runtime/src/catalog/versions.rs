//! Old versions of events: nothing is delivered as one, so no handler takes or emits one.

use super::{Registry, StartProblem};
use crate::event::EventType;

/// The handlers that take or emit old versions.
pub(super) fn check(registry: &Registry) -> Vec<StartProblem> {
    let mut problems = Vec::new();
    for handler in registry.handlers().iter().copied() {
        let takes = with_newest(registry, handler.event_types());
        problems.extend(takes.map(|(old, newest)| StartProblem::TakesOldVersion { handler, old, newest }));
        let emits = with_newest(registry, handler.emits());
        problems.extend(emits.map(|(old, newest)| StartProblem::EmitsOldVersion { handler, old, newest }));
    }
    problems
}

/// The old ones among these events, each with the newest version of it.
fn with_newest(
    registry: &Registry,
    event_types: Vec<&'static EventType>,
) -> impl Iterator<Item = (&'static EventType, &'static EventType)> {
    event_types.into_iter().filter_map(|old| registry.newer(old).map(|newest| (old, newest)))
}

/// The events without their old versions.
pub(super) fn newest(registry: &Registry) -> impl Iterator<Item = &'static EventType> {
    registry.events().iter().copied().filter(|event_type| registry.newer(event_type).is_none())
}
