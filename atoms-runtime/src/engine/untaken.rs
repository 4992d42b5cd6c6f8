//! Posted events that nothing took.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use super::step::Step;
use crate::catalog::is_of_framework;
use crate::event::EventType;

/// How events of unknown types are counted: there may be any number of types.
const UNKNOWN: &str = "(unknown)";

/// How many posted events nothing has taken, by their types.
#[derive(Debug, Default)]
pub(crate) struct Untaken(Mutex<BTreeMap<&'static str, u64>>);

impl Untaken {
    pub(crate) fn counts(&self) -> BTreeMap<&'static str, u64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Counts an event. What the framework tells of itself is for those who want to know.
    #[cold]
    pub(crate) fn add(&self, step: &Step<'_>) {
        let known = step.event.event_type();
        if known.is_some_and(|known| is_of_framework(known.path())) {
            return;
        }
        let name = known.map_or(UNKNOWN, EventType::name);
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(name).or_default();
        *count += 1;
        let is_first = *count == 1;
        drop(counts);
        if is_first {
            let id = step.event.head().id();
            tracing::warn!(
                r#type = step.event.name(),
                %id,
                "nothing on this bus takes a posted event, and it is dropped: write a `#[handler]` of its type, or link \
                 the crate that has one; further ones are only counted"
            );
        }
    }
}
