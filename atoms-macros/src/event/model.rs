//! The model of an event, made of its syntax alone. It borrows the syntax, whose spans messages need.

use syn::ext::IdentExt;
use syn::{Data, DeriveInput, Fields, Ident, Path};

use super::parse::{self, FieldKeys, Keys};
use super::{Form, serde};
use crate::common::{Mistakes, attributes};

/// An event.
pub(crate) struct Event<'a> {
    pub(crate) form: Form,
    pub(crate) item: &'a DeriveInput,
    pub(crate) keys: Keys,
    /// The traits that a `derive` below `#[event]` names.
    pub(crate) derives: Vec<Path>,
    pub(crate) serde: serde::Container,
    pub(crate) fields: Vec<Field<'a>>,
}

/// A field of an event.
pub(crate) struct Field<'a> {
    pub(crate) syntax: &'a syn::Field,
    pub(crate) ident: &'a Ident,
    pub(crate) keys: FieldKeys,
    pub(crate) serde: serde::Field,
    /// Whether `#[cfg]` or `#[cfg_attr]` decides on the field or on its names.
    pub(crate) is_conditional: bool,
}

impl<'a> Event<'a> {
    pub(crate) fn new(form: Form, keys: Keys, item: &'a DeriveInput, mistakes: &mut Mistakes) -> Self {
        let fields = match &item.data {
            Data::Struct(data) => match &data.fields {
                Fields::Named(fields) => {
                    fields.named.iter().filter_map(|field| Field::new(field, mistakes)).collect()
                }
                _ => Vec::new(),
            },
            _ => Vec::new(),
        };
        Self {
            form,
            item,
            keys,
            derives: attributes::derives(&item.attrs),
            serde: serde::Container::read(&item.attrs),
            fields,
        }
    }

    /// Whether a `derive` beside `#[event]` names the trait.
    pub(crate) fn derives(&self, name: &str) -> bool {
        self.derives.iter().any(|path| attributes::ends_with(path, name))
    }

    pub(crate) fn has_sensitive_field(&self) -> bool {
        self.fields.iter().any(|field| field.keys.sensitive)
    }

    pub(crate) fn denies_unknown_fields(&self) -> bool {
        self.keys.deny_unknown_fields.is_some() || self.serde.denies_unknown_fields
    }
}

impl<'a> Field<'a> {
    fn new(syntax: &'a syn::Field, mistakes: &mut Mistakes) -> Option<Self> {
        let conditional = serde::conditional(&syntax.attrs);
        let has_cfg = attributes::cfgs(&syntax.attrs).next().is_some();
        let is_conditional = has_cfg || !conditional.is_empty();
        let attributes: Vec<_> = syntax.attrs.iter().cloned().chain(conditional).collect();
        Some(Self {
            syntax,
            ident: syntax.ident.as_ref()?,
            keys: parse::field_keys(&syntax.attrs, mistakes),
            serde: serde::Field::read(&attributes),
            is_conditional,
        })
    }

    /// The name without `r#`.
    pub(crate) fn name(&self) -> String {
        self.ident.unraw().to_string()
    }
}
