//! `Event::key`, for an event with a field that is one.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;

use super::super::model::{Event, Field};
use crate::common::attributes;

/// The function. If two fields exclude each other by `#[cfg]`, there is one for each.
pub(super) fn function(event: &Event<'_>) -> Option<TokenStream> {
    let keys = event.fields.iter().filter(|field| field.keys.key.is_some());
    let functions: Vec<_> = keys.map(|field| of_field(event, field)).collect();
    (!functions.is_empty()).then(|| quote!(#(#functions)*))
}

fn of_field(event: &Event<'_>, field: &Field<'_>) -> TokenStream {
    let (root, ident, ty) = (&event.keys.root, field.ident, &field.syntax.ty);
    let (cfgs, levels) = (attributes::cfgs(&field.syntax.attrs), attributes::levels(&field.syntax.attrs));
    let allow_deprecated = attributes::allow_deprecated(&field.syntax.attrs);
    // `self` is the function's, wherever the field's type comes from.
    let value = quote!(&self.#ident);
    let key = quote_spanned!(ty.span()=> #root::__private::key_field::<#ty>(#value));
    quote! {
        #(#cfgs)*
        #(#levels)*
        #allow_deprecated
        #[inline]
        fn key(&self) -> ::core::option::Option<#root::EventKey> {
            #key
        }
    }
}
