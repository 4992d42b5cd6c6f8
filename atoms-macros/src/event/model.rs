//! What an event says of itself.

use proc_macro2::TokenStream;
use quote::quote;
use syn::punctuated::Punctuated;
use syn::{Attribute, Data, DeriveInput, Expr, LitStr, Path, Token};

use crate::errors::Errors;
use crate::keys;
use crate::serde_attrs::SerdeAttrs;

const KEYS: &[&str] = &["type", "must_handle", "deny_unknown_fields", "crate"];

/// Opens the namespaces that belong to the framework, for its own crates.
const HIDDEN_KEYS: &[&str] = &["framework"];

const FIELD_KEYS: &[&str] = &["default", "sensitive"];

/// How the macro was called.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    Attribute,
    Derive,
}

/// A struct with what its attributes say.
pub(super) struct Model<'a> {
    pub(super) input: &'a DeriveInput,
    pub(super) origin: Origin,
    pub(super) root: Path,
    /// As it is written, sound or not.
    pub(super) type_string: Option<LitStr>,
    /// Whether there is a `type` at all, sound, unsound or misspelled.
    pub(super) has_type: bool,
    pub(super) must_handle: bool,
    pub(super) deny_unknown_fields: bool,
    pub(super) framework: bool,
    pub(super) serde: SerdeAttrs,
    pub(super) derives: Vec<Path>,
    pub(super) fields: Vec<Field<'a>>,
}

/// A field with what its attributes say.
pub(super) struct Field<'a> {
    pub(super) field: &'a syn::Field,
    pub(super) default: Option<Expr>,
    pub(super) sensitive: bool,
    pub(super) serde: SerdeAttrs,
}

impl<'a> Model<'a> {
    pub(super) fn new(
        input: &'a DeriveInput,
        keys: TokenStream,
        origin: Origin,
        errors: &mut Errors,
    ) -> Self {
        let keys = keys::parse(keys, KEYS, HIDDEN_KEYS, errors);
        Self {
            input,
            origin,
            must_handle: keys.flag("must_handle", errors),
            deny_unknown_fields: keys.flag("deny_unknown_fields", errors),
            framework: keys.flag("framework", errors),
            root: keys.root(errors),
            type_string: keys.find("type").and_then(|key| key.text("`type = \"...\"`", errors)),
            has_type: keys.mentions("type"),
            serde: SerdeAttrs::new(&input.attrs),
            derives: derives(&input.attrs),
            fields: fields(input, errors),
        }
    }

    /// The derive of this name that the user wrote, if there is one.
    pub(super) fn user_derive(&self, name: &str) -> Option<&Path> {
        self.derives.iter().find(|path| path.segments.last().is_some_and(|last| last.ident == name))
    }

    pub(super) fn has_sensitive(&self) -> bool {
        self.fields.iter().any(|field| field.sensitive)
    }

    /// Attributes that decide whether the item is there; what is added must have them too.
    pub(super) fn cfgs(&self) -> impl Iterator<Item = &Attribute> {
        cfgs(&self.input.attrs)
    }
}

impl Field<'_> {
    pub(super) fn name(&self) -> String {
        use syn::ext::IdentExt;
        self.field.ident.as_ref().map(|ident| ident.unraw().to_string()).unwrap_or_default()
    }

    pub(super) fn cfgs(&self) -> impl Iterator<Item = &Attribute> {
        cfgs(&self.field.attrs)
    }
}

pub(super) fn cfgs(attrs: &[Attribute]) -> impl Iterator<Item = &Attribute> {
    attrs.iter().filter(|attr| attr.path().is_ident("cfg"))
}

/// The keys of all `#[event(...)]` attributes.
pub(super) fn helper_keys(attrs: &[Attribute], errors: &mut Errors) -> TokenStream {
    let mut keys = TokenStream::new();
    for attr in attrs.iter().filter(|attr| attr.path().is_ident("event")) {
        match attr.meta.require_list() {
            Ok(list) => {
                let tokens = &list.tokens;
                let comma = (!keys.is_empty()).then(|| quote!(,));
                keys.extend(quote!(#comma #tokens));
            }
            Err(error) => errors.push(error),
        }
    }
    keys
}

fn derives(attrs: &[Attribute]) -> Vec<Path> {
    let lists = attrs.iter().filter(|attr| attr.path().is_ident("derive"));
    let parsed =
        lists.filter_map(|attr| attr.parse_args_with(Punctuated::<Path, Token![,]>::parse_terminated).ok());
    parsed.flatten().collect()
}

fn fields<'a>(input: &'a DeriveInput, errors: &mut Errors) -> Vec<Field<'a>> {
    let Data::Struct(data) = &input.data else { return Vec::new() };
    data.fields.iter().map(|field| self::field(field, errors)).collect()
}

fn field<'a>(field: &'a syn::Field, errors: &mut Errors) -> Field<'a> {
    let keys = helper_keys(&field.attrs, errors);
    let keys = keys::parse(keys, FIELD_KEYS, &[], errors);
    Field {
        field,
        default: keys.find("default").and_then(|key| key.expr("`default = value`", errors)),
        sensitive: keys.flag("sensitive", errors),
        serde: SerdeAttrs::new(&field.attrs),
    }
}
