//! What the fields of the struct expand to, beside it.

use std::collections::HashSet;

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::{GenericArgument, PathArguments, Type, TypePath};

use super::super::Form;
use super::super::model::{Event, Field};
use super::kind::{self, Kind};
use crate::common::{attributes, types};

/// The functions that return the defaults. rustc reports a value of a wrong type in its function.
pub(super) fn defaults(event: &Event<'_>) -> Option<TokenStream> {
    let functions: Vec<_> = event.fields.iter().filter_map(default).collect();
    let name = &event.item.ident;
    (!functions.is_empty()).then(|| quote!(impl #name { #(#functions)* }))
}

fn default(field: &Field<'_>) -> Option<TokenStream> {
    let value = field.keys.default_value()?;
    let (cfgs, ty) = (attributes::cfgs(&field.syntax.attrs), &field.syntax.ty);
    let levels = attributes::levels(&field.syntax.attrs);
    let name = default_function(field);
    Some(quote! {
        #(#cfgs)*
        #(#levels)*
        #[doc(hidden)]
        fn #name() -> #ty { #value }
    })
}

pub(super) fn default_function(field: &Field<'_>) -> Ident {
    format_ident!("__default_{}", field.ident)
}

/// The check of the fields. The derived impls have it as a condition, so that rustc reports a wrong type only at the
/// field.
pub(super) struct Check<'a> {
    event: &'a Event<'a>,
    types: Vec<Checked<'a>>,
}

/// A type that might be wrong.
struct Checked<'a> {
    field: &'a Field<'a>,
    ty: &'a Type,
    kind: Kind,
}

impl<'a> Check<'a> {
    /// Returns the check, if there is anything to check.
    pub(super) fn new(event: &'a Event<'a>) -> Option<Self> {
        let types = event.fields.iter().flat_map(|field| {
            let ty = &field.syntax.ty;
            let of_itself = kind::by_its_place(event, field);
            // The default of a container needs nothing of what it holds.
            let types = if of_itself == Some(Kind::Skipped) { vec![ty] } else { types::unknown(ty) };
            types.into_iter().map(move |ty| {
                let kind = of_itself.unwrap_or_else(|| kind::by_its_spelling(ty));
                Checked { field, ty, kind }
            })
        });
        let types =
            types.filter(|checked| !names(&event.item.ident, checked.ty) && !checked.may_hold_an_event());
        let mut earlier = HashSet::new();
        let types: Vec<_> = types.filter(|checked| earlier.insert(checked.identity())).collect();
        (!types.is_empty() || event.form == Form::Derive).then_some(Self { event, types })
    }

    /// The check as a type, which other checks name.
    pub(super) fn declaration(&self) -> TokenStream {
        let (root, name) = (&self.event.keys.root, self.name());
        let types = self.types.iter().map(|Checked { field, ty, kind }| {
            let cfgs = attributes::cfgs(&field.syntax.attrs);
            let levels = attributes::levels(&field.syntax.attrs);
            // The call begins and ends where the type does.
            let (first, last) = ends(ty);
            let (of, check) = (quote_spanned!(first=> __Field::<), Ident::new(kind.check(), last));
            let check = quote_spanned!(last=> >::#check(););
            quote!(#(#cfgs)* #(#levels)* #of #ty #check)
        });
        let of_itself = (self.event.form == Form::Derive).then(|| {
            let event = &self.event.item.ident;
            quote!(#root::__private::field::derived::<#event>();)
        });
        let cfgs = attributes::cfgs(&self.event.item.attrs);
        let levels = attributes::levels(&self.event.item.attrs);
        let allow_deprecated = attributes::allow_deprecated(&self.event.item.attrs);
        quote! {
            #(#cfgs)*
            #(#levels)*
            #allow_deprecated
            #[doc(hidden)]
            type #name = [(); {
                #[allow(unused_imports)]
                use #root::__private::field::{Field as __Field, Fields as _};
                let _ = || { #of_itself #(#types)* };
                1
            }];
        }
    }

    /// The condition that everything is right.
    pub(super) fn condition(&self) -> TokenStream {
        let name = self.name();
        quote!(where #name:)
    }

    /// The name of the check.
    pub(super) fn name(&self) -> Ident {
        format_ident!("__FieldsOf{}", self.event.item.ident, span = Span::call_site())
    }
}

impl Checked<'_> {
    /// Whether it is something like `Wrapper<Other>`. `Other` may be an event that holds this one in a wrapper as well, and
    /// their checks would then depend on each other. Mistakes in such a type are left to serde.
    fn may_hold_an_event(&self) -> bool {
        let Type::Path(TypePath { path, .. }) = self.ty else { return false };
        let Some(wrapper) = path.segments.last().filter(|last| last.ident != "Box") else { return false };
        let PathArguments::AngleBracketed(held) = &wrapper.arguments else { return false };
        self.kind == Kind::Written
            && held.args.iter().any(|held| match held {
                GenericArgument::Type(ty) => types::unknown(ty).iter().any(|ty| matches!(ty, Type::Path(_))),
                _ => false,
            })
    }

    /// The types with equal values of this need one check only.
    fn identity(&self) -> (Kind, String, String) {
        let cfgs = attributes::cfgs(&self.field.syntax.attrs);
        (self.kind, self.ty.to_token_stream().to_string(), quote!(#(#cfgs)*).to_string())
    }
}

/// Whether the type names the event itself, which is being checked.
fn names(event: &Ident, ty: &Type) -> bool {
    let event = event.to_string();
    types::find(ty, &|ty| types::is_named(ty, "Self") || types::is_named(ty, &event)).is_some()
}

/// Where a type begins and ends.
fn ends(ty: &Type) -> (Span, Span) {
    let mut tokens = ty.to_token_stream().into_iter().map(|token| token.span());
    let first = tokens.next().unwrap_or_else(Span::call_site);
    (first, tokens.last().unwrap_or(first))
}
