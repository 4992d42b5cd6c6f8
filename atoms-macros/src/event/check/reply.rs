//! `reply = Quote`

use proc_macro2::Span;

use super::super::Form;
use super::super::model::Event;
use super::super::type_string::example;
use crate::common::{Mistakes, values};

pub(super) fn check(event: &Event<'_>, mistakes: &mut Mistakes) {
    if let Some(key) = &event.keys.misplaced {
        let (problem, help) = match event.form {
            Form::Request => ("a request always has a handler", "remove `must_handle`"),
            _ => ("an event has no reply", "write `#[request(...)]` instead of `#[event(...)]`"),
        };
        mistakes.at(key, problem, help);
    }
    // If nothing is given at all, the help for the missing `type` mentions `reply`.
    if event.form != Form::Request || event.keys.reply.is_some() || event.keys.type_string.is_none() {
        return;
    }
    let name = &event.item.ident;
    let type_string = event.keys.type_string.as_ref().and_then(|given| given.as_ref().ok());
    let type_string = type_string.and_then(|given| values::string(given, "").ok());
    let type_string = type_string.map_or_else(|| example(&name.to_string()), |literal| literal.value());
    mistakes.add(syn::Error::new(
        Span::call_site(),
        format_args!(
            "the request `{name}` needs a `reply`, the type of what its handler returns\n\
             help: write `#[request(type = \"{type_string}\", reply = Reply)]`; \
             if it has no reply, make it an event: `#[event]`"
        ),
    ));
}
