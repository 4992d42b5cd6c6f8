//! ```text
//! #[event_set(crate = path)]
//! #[other]                        on a variant
//! ```

use std::slice;

use proc_macro2::TokenStream;
use syn::Attribute;

use crate::common::keys::{Grammar, Key};
use crate::common::{Mistakes, Root, attributes, values};

static GRAMMAR: Grammar = Grammar {
    attribute: "`#[event_set]`",
    keys: &[Key("crate", Some("path"))],
    hidden: &[],
    elsewhere: (&[], ""),
};

/// What `#[event_set(...)]` says.
pub(crate) fn root(list: TokenStream, mistakes: &mut Mistakes) -> Root {
    let given = GRAMMAR.read(list, mistakes).given;
    let root = given.first().map(|given| mistakes.take(values::root(given)));
    root.and_then(Result::ok).unwrap_or_default()
}

/// Whether an attribute is the `#[other]` of a variant, or a `#[cfg_attr(...)]` with one.
pub(crate) fn is_other(attribute: &Attribute) -> bool {
    attribute.path().is_ident("other") || is_conditional_other(attribute)
}

pub(crate) fn is_conditional_other(attribute: &Attribute) -> bool {
    attributes::conditional(slice::from_ref(attribute)).iter().any(|it| it.meta.path().is_ident("other"))
}

/// Whether an attribute is `#[event_set]` once more.
pub(crate) fn is_set(attribute: &Attribute) -> bool {
    attribute.path().is_ident("event_set")
}
