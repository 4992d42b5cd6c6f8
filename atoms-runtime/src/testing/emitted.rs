//! Assertions about the events of one type, and about the order of events.

use std::fmt;
use std::sync::Arc;

use super::recording::{Record, Recording};
use crate::event::{Envelope, Event, EventType};

/// The events `E` of a [`Recording`], for assertions about them. An assertion that fails panics with the tree of all
/// that was recorded.
///
/// ```
/// # use atoms::prelude::*;
/// # use atoms::testing::Recording;
/// #[event(type = "shop.stock.low")]
/// struct StockLow {
///     item: String,
///     left: u32,
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let bus = Bus::builder().event::<StockLow>().start()?;
/// let recorded = Recording::of(&bus);
/// for (item, left) in [("nails", 2), ("saws", 0), ("nails", 1)] {
///     bus.emit(StockLow { item: item.into(), left }).await.into_result()?;
/// }
/// assert_eq!(recorded.emitted::<StockLow>().that(|stock| stock.left == 0).once().item, "saws");
/// let nails = recorded.emitted::<StockLow>().that(|stock| stock.item == "nails").times(2);
/// assert_eq!(nails[1].left, 1);
/// recorded.emitted::<StockLow>().that(|stock| stock.left > 2).never();
/// # Ok(())
/// # }
/// ```
#[must_use = "nothing is asserted before `once`, `times` or another assertion"]
pub struct Emitted<'a, E> {
    recording: &'a Recording,
    found: Vec<(usize, Arc<Envelope<E>>)>,
    is_filtered: bool,
}

impl<'a, E: Event> Emitted<'a, E> {
    pub(super) fn new(recording: &'a Recording, found: Vec<(usize, Arc<Envelope<E>>)>) -> Self {
        Self { recording, found, is_filtered: false }
    }

    /// Returns only those for which the predicate holds.
    pub fn that(mut self, predicate: impl Fn(&E) -> bool) -> Self {
        self.found.retain(|(_, event)| predicate(event));
        Self { is_filtered: true, ..self }
    }

    /// Returns only those that no assertion, and no [`expect`](Recording::expect), was about yet.
    pub fn unexpected(mut self) -> Self {
        self.found.retain(|(index, _)| !self.recording.is_expected(*index));
        Self { is_filtered: true, ..self }
    }

    /// Returns only those that were recorded before this event: none, if it is not in the recording.
    pub fn before<O: Event>(mut self, event: &Envelope<O>) -> Self {
        let end = self.recording.place_of(event.id()).unwrap_or(0);
        self.found.retain(|(index, _)| *index < end);
        Self { is_filtered: true, ..self }
    }

    /// Asserts that there is exactly one, and returns it.
    ///
    /// # Panics
    ///
    /// If there is none, or more than one.
    #[track_caller]
    pub fn once(self) -> Arc<Envelope<E>> {
        self.assert_count("once", |count| count == 1).remove(0)
    }

    /// Asserts that there are so many, and returns them in the order in which they were emitted.
    ///
    /// # Panics
    ///
    /// If there are fewer, or more.
    #[track_caller]
    pub fn times(self, times: usize) -> Vec<Arc<Envelope<E>>> {
        self.assert_count(&counted(times), |count| count == times)
    }

    /// Asserts that there is at least one, and returns them in the order in which they were emitted.
    ///
    /// # Panics
    ///
    /// If there is none.
    #[track_caller]
    pub fn some(self) -> Vec<Arc<Envelope<E>>> {
        self.assert_count("at least once", |count| count > 0)
    }

    /// Asserts that there is none.
    ///
    /// # Panics
    ///
    /// If there is one.
    #[track_caller]
    pub fn never(self) {
        self.assert_count("never", |count| count == 0);
    }

    /// Returns how many there are, without an assertion.
    pub fn count(&self) -> usize {
        self.found.len()
    }

    /// Returns the events without their envelopes, in the order in which they were emitted. It is no assertion that
    /// there are any, but that they are expected, for [`Recording::nothing_else`].
    pub fn payloads(self) -> Vec<E> {
        self.into_expected().iter().map(|event| event.event().clone()).collect()
    }

    #[track_caller]
    fn assert_count(self, expected: &str, is_right: impl Fn(usize) -> bool) -> Vec<Arc<Envelope<E>>> {
        let count = self.found.len();
        if !is_right(count) {
            let (name, indices) = (E::TYPE, self.indices());
            let such = if self.is_filtered { " as it was selected" } else { "" };
            let why = format_args!("`{name}`{such} was expected {expected}, and came {}", counted(count));
            self.recording.fail(why, &indices);
        }
        self.into_expected()
    }

    fn into_expected(self) -> Vec<Arc<Envelope<E>>> {
        self.recording.note_expected(self.indices());
        self.found.into_iter().map(|(_, event)| event).collect()
    }

    fn indices(&self) -> Vec<usize> {
        self.found.iter().map(|(index, _)| *index).collect()
    }
}

fn counted(times: usize) -> String {
    match times {
        0 => "never".to_owned(),
        1 => "once".to_owned(),
        times => format!("{times} times"),
    }
}

impl<E: Event> fmt::Debug for Emitted<'_, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Emitted").field("event_type", &E::TYPE).field("count", &self.count()).finish()
    }
}

/// Events of some types among all.
pub(super) struct Order {
    /// The places of those that were found, one after the other.
    pub(super) found: Vec<usize>,
    pub(super) missing: Option<String>,
}

impl Order {
    pub(super) fn find(types: &[&'static EventType], all: Vec<Record>) -> Self {
        let mut found = Vec::new();
        let mut rest = all.iter().enumerate();
        for wanted in types {
            match rest.find(|(_, record)| record.event.known_type() == Some(*wanted)) {
                Some((index, _)) => found.push(index),
                None => {
                    let missing = match found.len() {
                        0 => format!("`{}` did not come", wanted.name()),
                        n => format!("`{}` did not come after `{}`", wanted.name(), types[n - 1].name()),
                    };
                    return Self { found, missing: Some(missing) };
                }
            }
        }
        Self { found, missing: None }
    }
}
