//! Finds what is wrong with an event.

mod fields;
mod item;
mod names;
mod reply;
mod type_string;

use syn::LitStr;

use super::model::Event;
use crate::common::Mistakes;

/// The event's type string, if nothing is wrong.
pub(crate) fn check(event: &Event<'_>, mut mistakes: Mistakes) -> syn::Result<LitStr> {
    let type_string = type_string::check(event, &mut mistakes);
    item::check(event, &mut mistakes);
    for field in &event.fields {
        fields::check(event, field, &mut mistakes);
    }
    names::check(event, &mut mistakes);
    reply::check(event, &mut mistakes);
    mistakes.and(type_string)
}
