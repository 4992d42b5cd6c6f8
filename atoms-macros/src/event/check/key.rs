//! `#[event(key)]` on a field.

use super::super::model::{Event, Field};
use crate::common::Mistakes;

/// Reports a second key, unless a `#[cfg]` may leave one of the two out.
pub(super) fn check(event: &Event<'_>, mistakes: &mut Mistakes) {
    let mut earlier: Vec<&Field<'_>> = Vec::new();
    for field in &event.fields {
        let Some(key) = &field.keys.key else { continue };
        let other = earlier.iter().find(|other| !(field.is_conditional && other.is_conditional));
        if let Some(other) = other {
            let (other, own) = (other.name(), field.name());
            let problem = format_args!("the fields `{other}` and `{own}` are both keys of the event");
            mistakes.at(key, problem, "an event has one key: remove one of the two");
        }
        earlier.push(field);
    }
}
