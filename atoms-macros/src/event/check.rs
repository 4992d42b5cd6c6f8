//! Finding the mistakes in an event.

use std::env;

use syn::{Data, Fields, LitStr};

use super::model::{Field, Model, Origin};
use super::type_string::{RESERVED, broken_rule, namespace, nearest, snake_case};
use crate::errors::Errors;

/// The keys of the envelope.
const ENVELOPE: &[&str] = &["type", "id", "timestamp", "metadata"];

/// Attributes of serde that change the shape of a struct on the wire.
const REFUSED: &[(&str, &str)] = &[
    ("tag", "the type string of the event is its tag"),
    ("untagged", "an event is told apart by its type string"),
    ("transparent", "an event is an object on the wire, with the envelope's keys beside the field's"),
    ("into", "an event is written as its own fields"),
    ("from", "an event is read as its own fields"),
    ("try_from", "an event is read as its own fields"),
];

/// Reports all mistakes, and returns the type string if it is sound.
pub(super) fn check<'m>(model: &'m Model<'_>, errors: &mut Errors) -> Option<&'m LitStr> {
    check_shape(model, errors);
    for (key, why) in REFUSED {
        if let Some(found) = model.serde.key(key) {
            errors.at(found, format!("`#[serde({key})]` cannot be on an event: {why}"));
        }
    }
    check_debug(model, errors);
    check_names(model, errors);
    check_defaults(model, errors);
    check_type(model, errors)
}

fn check_shape(model: &Model<'_>, errors: &mut Errors) {
    let wanted = "an event is a struct with named fields, or with none";
    match &model.input.data {
        Data::Struct(data) if matches!(data.fields, Fields::Unnamed(_)) => {
            errors.at(&model.input.ident, format!("a tuple struct cannot be an event: {wanted}"));
        }
        Data::Struct(_) => {}
        Data::Enum(_) => errors.at(&model.input.ident, format!("an enum cannot be an event: {wanted}")),
        Data::Union(_) => errors.at(&model.input.ident, format!("a union cannot be an event: {wanted}")),
    }
    for parameter in &model.input.generics.params {
        errors.at(
            parameter,
            "an event is one concrete type on the wire, and cannot have parameters: \
             write a struct for each event",
        );
    }
}

fn check_debug(model: &Model<'_>, errors: &mut Errors) {
    if let Some(debug) = model.user_derive("Debug").filter(|_| model.has_sensitive()) {
        errors.at(
            debug,
            "a derived `Debug` would show the sensitive field: \
             remove it, `#[event]` writes one that shows `[redacted]`",
        );
    }
}

fn check_defaults(model: &Model<'_>, errors: &mut Errors) {
    for field in &model.fields {
        let Some(default) = &field.default else { continue };
        if model.origin == Origin::Derive {
            errors.at(
                default,
                "a derive cannot add a default: write `#[serde(default = \"path::to::function\")]`, \
                 or `#[event]` instead of `#[derive(Event)]`",
            );
        } else if let Some(key) = field.serde.key("default") {
            errors
                .at(key, "the field has a default already, in `#[event(default = ...)]`: remove one of them");
        }
    }
}

fn check_names(model: &Model<'_>, errors: &mut Errors) {
    let named: Vec<_> =
        model.fields.iter().map(|field| (field, field.serde.names(&field.name(), &model.serde))).collect();
    for (position, (field, (written, read))) in named.iter().enumerate() {
        let names = || written.iter().chain(read);
        if let Some(taken) = names().find(|name| ENVELOPE.contains(&name.as_str())) {
            errors.at(&field.field.ident, envelope_has(field, taken));
            continue;
        }
        // Which of two fields behind `cfg` is there cannot be known here.
        let earlier = named[..position]
            .iter()
            .filter(|(other, _)| field.cfgs().next().is_none() && other.cfgs().next().is_none());
        for (other, (other_written, other_read)) in earlier {
            let same = written.iter().find(|name| other_written.as_ref() == Some(name));
            if let Some(name) = same.or_else(|| read.intersection(other_read).next()) {
                let (first, second) = (other.name(), field.name());
                errors.at(
                    &field.field.ident,
                    format!("the fields `{first}` and `{second}` are both called `{name}` on the wire: rename one of them"),
                );
            }
        }
    }
}

fn envelope_has(field: &Field<'_>, taken: &str) -> String {
    let name = field.name();
    let called =
        if name == taken { String::new() } else { format!(", and `{name}` is called that on the wire") };
    format!(
        "the envelope of every event has `{taken}` already{called}: rename the field, to `own_{taken}` say"
    )
}

fn check_type<'m>(model: &'m Model<'_>, errors: &mut Errors) -> Option<&'m LitStr> {
    if !model.has_type {
        let example = example(model);
        errors.at_span(
            proc_macro2::Span::call_site(),
            format!("an event needs a type string: `#[event(type = \"{example}\")]`"),
        );
        return None;
    }
    let literal = model.type_string.as_ref()?;
    let text = literal.value();
    if let Some(rule) = broken_rule(&text) {
        let nearest = nearest(&text).unwrap_or_else(|| example(model));
        errors.at(literal, format!("`{text}` cannot be a type string: {rule}; write `{nearest}`"));
    }
    let reserved = namespace(&text).filter(|namespace| RESERVED.contains(namespace) && !model.framework);
    if let Some(namespace) = reserved {
        let example = example(model);
        errors.at(
            literal,
            format!(
                "the namespace `{namespace}.` is the framework's: take one of your own, as in `{example}`"
            ),
        );
    }
    Some(literal)
}

/// A type string for this struct in this crate.
pub(super) fn example(model: &Model<'_>) -> String {
    let krate = env::var("CARGO_CRATE_NAME").or_else(|_| env::var("CARGO_PKG_NAME"));
    let namespace = krate.ok().and_then(|name| nearest(&name.replace('-', "_")));
    let namespace =
        namespace.filter(|name| !RESERVED.contains(&name.as_str())).unwrap_or_else(|| "myapp".to_owned());
    let name = nearest(&snake_case(&model.input.ident.to_string())).unwrap_or_else(|| "event".to_owned());
    format!("{namespace}.{name}")
}
