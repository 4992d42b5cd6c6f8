//! `Debug` for an event with sensitive fields.

use proc_macro2::TokenStream;
use quote::quote;

use super::super::model::Event;
use crate::common::attributes;

pub(super) fn redacted(event: &Event<'_>) -> Option<TokenStream> {
    let name = &event.item.ident;
    let shown = event.fields.iter().map(|field| {
        let (cfgs, ident) = (attributes::cfgs(&field.syntax.attrs), field.ident);
        let label = field.name();
        let value = if field.keys.sensitive {
            quote!(&::core::format_args!("[redacted]"))
        } else {
            quote!(&self.#ident)
        };
        quote!(#(#cfgs)* ::core::fmt::DebugStruct::field(&mut fields, #label, #value);)
    });
    event.has_sensitive_field().then(|| {
        let label = name.to_string();
        let attributes = event.fields.iter().flat_map(|field| &field.syntax.attrs);
        let allow_deprecated = attributes::allow_deprecated(attributes);
        quote! {
            #[automatically_derived]
            #allow_deprecated
            impl ::core::fmt::Debug for #name {
                fn fmt(&self, formatter: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                    let mut fields = ::core::fmt::Formatter::debug_struct(formatter, #label);
                    #(#shown)*
                    ::core::fmt::DebugStruct::finish(&mut fields)
                }
            }
        }
    })
}
