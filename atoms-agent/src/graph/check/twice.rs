//! Checks whether two handlers of one node take one event.

use atoms_runtime::EventTypes;

use super::super::report::Report;
use super::events::{count, has};
use crate::node::shape::MethodShape;

/// Returns whether a method takes an event that a method before it takes.
pub const fn is_taken_before(methods: &[MethodShape], index: usize) -> bool {
    let mut before = 0;
    while before < index {
        let (first, second) = (&methods[before], &methods[index]);
        if first.takes_every_event && second.takes_every_event
            || common(&first.takes, &second.takes).is_some()
        {
            return true;
        }
        before += 1;
    }
    false
}

/// Returns whether a method may emit events.
pub const fn emits(methods: &[MethodShape], index: usize) -> bool {
    count(&methods[index].returns) + count(&methods[index].emits) > 0
}

/// Reports the first method that takes an event which the one at `index` takes.
pub const fn taken_before(methods: &[MethodShape], index: usize) -> Report {
    let (mut report, mut before) = (Report::new(), 0);
    while before < index && report.is_empty() {
        let (first, second) = (&methods[before], &methods[index]);
        let event = common(&first.takes, &second.takes);
        if event.is_some() || first.takes_every_event && second.takes_every_event {
            report.taken_twice(event, first.name, second.name);
        }
        before += 1;
    }
    report
}

/// Returns the name of an event that is in both lists.
const fn common(first: &EventTypes, second: &EventTypes) -> Option<&'static str> {
    match second {
        EventTypes::One(event) => {
            if has(first, event.hash) {
                return Some(event.name);
            }
        }
        EventTypes::All(lists) => {
            let mut list = 0;
            while list < lists.len() {
                if let Some(name) = common(first, lists[list]) {
                    return Some(name);
                }
                list += 1;
            }
        }
    }
    None
}
