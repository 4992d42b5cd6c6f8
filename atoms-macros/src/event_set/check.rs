//! Finds what is wrong with a set of events by its syntax alone. Whether its variants hold events is checked where the
//! types are known.

use std::collections::HashMap;

use quote::quote;
use syn::{Data, Fields, GenericArgument, Meta, PathArguments, Type};

use super::model::{Members, Set, Variant};
use super::parse;
use crate::common::{Mistakes, attributes, types};

/// Returns the set's variants if nothing is wrong.
pub(crate) fn check<'a>(set: &Set<'a>, mut mistakes: Mistakes) -> syn::Result<Members<'a>> {
    kind(set, &mut mistakes);
    generics(set, &mut mistakes);
    for again in set.item.attrs.iter().filter(|attribute| parse::is_set(attribute)) {
        mistakes.at(again, "`#[event_set]` is given twice", "remove one of the two");
    }
    for variant in &set.variants {
        fields(variant, &mut mistakes);
        other(variant, &mut mistakes);
    }
    one_other(set, &mut mistakes);
    each_once(set, &mut mistakes);
    mistakes.and(Ok(Members::of(set)))
}

fn kind(set: &Set<'_>, mistakes: &mut Mistakes) {
    let name = &set.item.ident;
    let (tokens, problem) = match &set.item.data {
        Data::Struct(data) => {
            let keyword = data.struct_token;
            (quote!(#keyword #name), format!("a set of events is an enum, and `{name}` is a struct"))
        }
        Data::Union(data) => {
            let keyword = data.union_token;
            (quote!(#keyword #name), format!("a set of events is an enum, and `{name}` is a union"))
        }
        Data::Enum(data) if set.variants.iter().all(Variant::is_other) => {
            let keyword = data.enum_token;
            (quote!(#keyword #name), format!("the set `{name}` has no event"))
        }
        Data::Enum(_) => return,
    };
    mistakes.at(
        tokens,
        problem,
        "write an enum with a variant for each event, such as `Created(OrderCreated)`",
    );
}

fn generics(set: &Set<'_>, mistakes: &mut Mistakes) {
    let name = &set.item.ident;
    for parameter in &set.item.generics.params {
        let problem = format_args!("a set names its events, so `{name}` cannot have generic parameters");
        mistakes.at(parameter, problem, "write a set for each, with the types of its events");
    }
}

fn fields(variant: &Variant<'_>, mistakes: &mut Mistakes) {
    let name = &variant.syntax.ident;
    let (tokens, holds) = match &variant.syntax.fields {
        Fields::Unnamed(_) if variant.held.is_some() => return,
        Fields::Unnamed(fields) if fields.unnamed.is_empty() => (quote!(#name #fields), "nothing"),
        Fields::Unnamed(fields) => (quote!(#name #fields), "several values"),
        Fields::Named(fields) => (quote!(#name #fields), "named fields"),
        Fields::Unit => (quote!(#name), "nothing"),
    };
    let problem = format_args!("a variant of a set holds one event, and `{name}` holds {holds}");
    if variant.is_other() {
        mistakes.at(tokens, problem, format_args!("write `{name}(AnyEvent)`"));
    } else {
        mistakes.at(tokens, problem, format_args!("write `{name}(Event)`, with the type of the event"));
    }
}

/// Checks `#[other]`, and variants that need it.
fn other(variant: &Variant<'_>, mistakes: &mut Mistakes) {
    let name = &variant.syntax.ident;
    if let (false, Some(any)) =
        (variant.is_other(), variant.held.filter(|ty| types::is_named(ty, "AnyEvent")))
    {
        let problem = format_args!("`{name}` holds events of every type, and lacks `#[other]`");
        mistakes.at(any, problem, "put `#[other]` on the variant");
    }
    for attribute in &variant.others {
        match &attribute.meta {
            Meta::Path(_) => {}
            Meta::List(_) if parse::is_conditional_other(attribute) => {
                let problem =
                    "`#[event_set]` reads the variants before the compiler evaluates a `cfg_attr` on them";
                mistakes.at(attribute, problem, "write the enum once for each case, each with its `#[cfg]`");
            }
            Meta::List(_) | Meta::NameValue(_) => {
                mistakes.at(attribute, "`#[other]` takes no value", "write `#[other]` alone");
            }
        }
    }
    if variant.is_other() {
        for cfg in attributes::cfgs(&variant.syntax.attrs) {
            let problem = "a variant with `#[other]` cannot depend on `#[cfg]`";
            mistakes.at(cfg, problem, "write the enum once for each case, each with its `#[cfg]`");
        }
    }
}

fn one_other(set: &Set<'_>, mistakes: &mut Mistakes) {
    for again in set.variants.iter().flat_map(|variant| &variant.others).skip(1) {
        let problem = "`#[other]` is given twice, and an event goes to one variant";
        mistakes.at(again, problem, "remove one of the two");
    }
}

/// Reports an event that is in two variants. rustc reports one that has two names.
fn each_once(set: &Set<'_>, mistakes: &mut Mistakes) {
    let mut earlier: HashMap<String, &Variant<'_>> = HashMap::new();
    for variant in set.variants.iter().filter(|variant| !variant.is_other()) {
        let Some(held) = variant.held else { continue };
        let event = types::text(event(held));
        match earlier.get(&event) {
            Some(first) if first.is_conditional() && variant.is_conditional() => {}
            Some(first) => {
                let (first, own) = (&first.syntax.ident, &variant.syntax.ident);
                let problem = format_args!("`{first}` and `{own}` both hold `{event}`");
                mistakes.at(held, problem, "remove one of the two: an event goes to one variant");
            }
            None => {
                earlier.insert(event, variant);
            }
        }
    }
}

/// The event that a variant holds, by its spelling: `E` of `Envelope<E>`.
fn event(held: &Type) -> &Type {
    let Type::Path(path) = types::peel(held) else { return held };
    let Some(last) = path.path.segments.last().filter(|last| last.ident == "Envelope") else { return held };
    match &last.arguments {
        PathArguments::AngleBracketed(arguments) => match arguments.args.first() {
            Some(GenericArgument::Type(event)) => event,
            _ => held,
        },
        _ => held,
    }
}
