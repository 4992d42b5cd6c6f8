//! Finds what is wrong with an event.

mod fields;
mod item;
mod key;
mod names;
mod reply;
mod type_string;
mod version;

use syn::LitStr;

use super::model::Event;
use crate::common::Mistakes;

pub(crate) use version::{Upcast, older_name};

/// The keys of an event, when nothing is wrong.
pub(crate) struct Checked {
    pub(crate) type_string: LitStr,
    /// `None` for the first version.
    pub(crate) upcast: Option<Upcast>,
}

/// Returns the event's keys if nothing is wrong.
pub(crate) fn check(event: &Event<'_>, mut mistakes: Mistakes) -> syn::Result<Checked> {
    let type_string = type_string::check(event, &mut mistakes);
    let upcast = version::check(event, &mut mistakes);
    item::check(event, &mut mistakes);
    for field in &event.fields {
        fields::check(event, field, &mut mistakes);
    }
    key::check(event, &mut mistakes);
    names::check(event, &mut mistakes);
    reply::check(event, &mut mistakes);
    mistakes.and(type_string.and_then(|type_string| Ok(Checked { type_string, upcast: upcast? })))
}
