//! Checks the struct, and the attributes on it.

use quote::quote;
use syn::{Data, Fields, GenericParam};

use super::super::Form;
use super::super::model::Event;
use super::super::parse::is_helper;
use crate::common::{Mistakes, attributes};

pub(super) fn check(event: &Event<'_>, mistakes: &mut Mistakes) {
    kind(event, mistakes);
    generics(event, mistakes);
    if event.form != Form::Derive {
        repeated(event, mistakes);
        derives(event, mistakes);
    } else if let (Some(key), false) = (&event.keys.deny_unknown_fields, event.serde.denies_unknown_fields) {
        let problem = "a derive cannot add `deny_unknown_fields` to the struct";
        mistakes.at(key, problem, "write `#[serde(deny_unknown_fields)]` on the struct instead");
    }
    if let (Some(new), true) = (&event.keys.new, event.serde.has_default) {
        let problem = "every field of this event has a default, so `new` would take no arguments";
        mistakes.at(new, problem, format_args!("remove `new`, and write `{}::default()`", event.item.ident));
    }
    for refused in &event.serde.refused {
        let problem = format_args!("an event cannot have serde's `{}`: {}", refused.key, refused.reason);
        mistakes.at(&refused.key, problem, "remove it");
    }
}

fn kind(event: &Event<'_>, mistakes: &mut Mistakes) {
    let name = &event.item.ident;
    let help = "make it a struct with named fields, or with none";
    let (tokens, found, help) = match &event.item.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(_) | Fields::Unit => return,
            Fields::Unnamed(fields) => (quote!(#name #fields), "a tuple struct", help),
        },
        Data::Enum(data) => {
            let keyword = data.enum_token;
            let help = match event.form {
                Form::Request => help,
                Form::Attribute | Form::Derive => {
                    "make it a struct with named fields, or with none; for a choice of events, put \
                     `#[event_set]` on the enum instead"
                }
            };
            (quote!(#keyword #name), "an enum", help)
        }
        Data::Union(data) => {
            let keyword = data.union_token;
            (quote!(#keyword #name), "a union", help)
        }
    };
    let problem =
        format_args!("an event is an object with named fields on the wire, and `{name}` is {found}");
    mistakes.at(tokens, problem, help);
}

fn generics(event: &Event<'_>, mistakes: &mut Mistakes) {
    let name = &event.item.ident;
    for parameter in &event.item.generics.params {
        let (what, help) = match parameter {
            GenericParam::Lifetime(_) => {
                ("lifetimes", "own the data: `String` for `&str`, `Vec<T>` for `&[T]`")
            }
            _ => ("generic parameters", "write a struct for each type, each with a type string of its own"),
        };
        let problem =
            format_args!("an event is one concrete type on the wire, so `{name}` cannot have {what}");
        mistakes.at(parameter, problem, help);
    }
}

fn repeated(event: &Event<'_>, mistakes: &mut Mistakes) {
    let own = event.form.attribute();
    for attribute in event.item.attrs.iter().filter(|attribute| is_helper(attribute)) {
        let path = attribute.path();
        if own == quote!(#[#path]).to_string().replace(' ', "") {
            mistakes.at(attribute, format_args!("`{own}` is given twice"), "put the keys of both into one");
        } else {
            mistakes.at(attribute, "a struct is an event or a request, not both", "remove one of the two");
        }
    }
}

fn derives(event: &Event<'_>, mistakes: &mut Mistakes) {
    for path in &event.derives {
        // Other crates have a derive of this name, too. The path tells theirs from ours.
        let of_atoms =
            path.segments.len() == 1 || path.segments.first().is_some_and(|first| first.ident == "atoms");
        if of_atoms && attributes::ends_with(path, "Event") {
            mistakes.at(
                path,
                format_args!("`{}` does all that `derive(Event)` does", event.form.attribute()),
                "remove one of the two",
            );
        }
        if attributes::ends_with(path, "Debug") && event.has_sensitive_field() {
            let problem = "a derived `Debug` would show the sensitive fields";
            let own = event.form.attribute();
            mistakes.at(
                path,
                problem,
                format_args!("remove it: `{own}` adds one that shows `[redacted]` for them"),
            );
        }
    }
}
