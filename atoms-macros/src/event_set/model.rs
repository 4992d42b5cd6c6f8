//! The model of a set of events, made of its syntax alone. It borrows the syntax, whose spans messages need.

use syn::{Attribute, Data, DeriveInput, Fields, Path, Type};

use super::parse;
use crate::common::{Root, attributes};

/// A set of events.
pub(crate) struct Set<'a> {
    pub(crate) item: &'a DeriveInput,
    pub(crate) root: Root,
    pub(crate) variants: Vec<Variant<'a>>,
    /// The traits that a `derive` below `#[event_set]` names.
    derives: Vec<Path>,
}

/// A variant of a set.
pub(crate) struct Variant<'a> {
    pub(crate) syntax: &'a syn::Variant,
    /// What it holds, if it holds one thing without a name.
    pub(crate) held: Option<&'a Type>,
    /// The `#[other]`s on it.
    pub(crate) others: Vec<&'a Attribute>,
}

/// A variant in which nothing is wrong.
pub(crate) struct Member<'a> {
    pub(crate) syntax: &'a syn::Variant,
    pub(crate) held: &'a Type,
}

/// What is in a set in which nothing is wrong.
pub(crate) struct Members<'a> {
    pub(crate) of_events: Vec<Member<'a>>,
    /// The variant with `#[other]`.
    pub(crate) other: Option<Member<'a>>,
}

impl<'a> Set<'a> {
    pub(crate) fn new(root: Root, item: &'a DeriveInput) -> Self {
        let variants = match &item.data {
            Data::Enum(data) => data.variants.iter().map(Variant::new).collect(),
            _ => Vec::new(),
        };
        Self { item, root, variants, derives: attributes::derives(&item.attrs) }
    }

    /// Whether a `derive` beside `#[event_set]` names the trait.
    pub(crate) fn derives(&self, name: &str) -> bool {
        self.derives.iter().any(|path| attributes::ends_with(path, name))
    }
}

impl<'a> Variant<'a> {
    fn new(syntax: &'a syn::Variant) -> Self {
        let held = match &syntax.fields {
            Fields::Unnamed(fields) if fields.unnamed.len() == 1 => Some(&fields.unnamed[0].ty),
            _ => None,
        };
        let others = syntax.attrs.iter().filter(|attribute| parse::is_other(attribute)).collect();
        Self { syntax, held, others }
    }

    pub(crate) fn is_other(&self) -> bool {
        !self.others.is_empty()
    }

    /// Whether `#[cfg]` decides on the variant.
    pub(crate) fn is_conditional(&self) -> bool {
        attributes::cfgs(&self.syntax.attrs).next().is_some()
    }
}

impl<'a> Members<'a> {
    /// The variants of a set, of which each holds one thing.
    pub(crate) fn of(set: &Set<'a>) -> Self {
        let mut members = Self { of_events: Vec::new(), other: None };
        for variant in &set.variants {
            let Some(held) = variant.held else { continue };
            let member = Member { syntax: variant.syntax, held };
            if variant.is_other() {
                members.other = Some(member);
            } else {
                members.of_events.push(member);
            }
        }
        members
    }
}
