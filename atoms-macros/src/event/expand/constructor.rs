//! The function `new`, which takes the fields that a frame must have.

use proc_macro2::TokenStream;
use quote::quote;

use super::super::model::{Event, Field};
use super::fields::default_function;
use crate::common::{attributes, types};

/// The function, if the event asks for it.
pub(super) fn constructor(event: &Event<'_>) -> Option<TokenStream> {
    let values = event.fields.iter().map(|field| {
        let (cfgs, name) = (attributes::cfgs(&field.syntax.attrs), field.ident);
        let value = value(field).map(|value| quote!(: #value));
        quote!(#(#cfgs)* #name #value)
    });
    function(event, &quote!(Self { #(#values),* }))
}

/// The function with this body.
pub(crate) fn function(event: &Event<'_>, body: &TokenStream) -> Option<TokenStream> {
    let new = event.keys.new.as_ref()?;
    let (name, visibility) = (&event.item.ident, &event.item.vis);
    let taken = event.fields.iter().filter(|field| !event.serde.has_default && value(field).is_none());
    let parameters = taken.map(|field| {
        let (cfgs, name, ty) = (attributes::cfgs(&field.syntax.attrs), field.ident, &field.syntax.ty);
        quote!(#(#cfgs)* #name: #ty)
    });
    let levels = attributes::levels(&event.item.attrs);
    let fields = event.fields.iter().flat_map(|field| &field.syntax.attrs);
    let allow_deprecated = attributes::allow_deprecated(fields);
    Some(quote! {
        #(#levels)*
        #allow_deprecated
        #[allow(dead_code, unused_variables, clippy::too_many_arguments, clippy::missing_const_for_fn, clippy::use_self)]
        impl #name {
            /// Creates the event from the fields that a frame must have. The others have the values that they have
            /// where a frame lacks them.
            #[must_use]
            #visibility fn #new(#(#parameters),*) -> Self { #body }
        }
    })
}

/// What the field is where a frame lacks it, if a frame may.
fn value(field: &Field<'_>) -> Option<TokenStream> {
    let serde = &field.serde;
    if field.keys.default.is_some() {
        let default = default_function(field);
        return Some(quote!(Self::#default()));
    }
    if let Some(default) = &serde.default {
        return Some(match default.path() {
            Some(path) => quote!(#path()),
            None => quote!(::core::default::Default::default()),
        });
    }
    if serde.is_never_read() {
        return Some(quote!(::core::default::Default::default()));
    }
    let is_option = types::option_of(&field.syntax.ty).is_some() && serde.may_be_left_out();
    is_option.then(|| quote!(::core::option::Option::None))
}
