//! The `impl`s of a stub, which stands for an item with mistakes.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{DeriveInput, GenericParam, Generics, parse_quote};

/// `impl<...> path for Name<...> where ... { body }`, with all parameters `Send + Sync + 'static`, and
/// with `first` in front of them.
pub(crate) fn implement(
    item: &DeriveInput,
    first: Option<TokenStream>,
    path: TokenStream,
    body: TokenStream,
) -> TokenStream {
    let name = &item.ident;
    let mut generics = item.generics.clone();
    bound(&mut generics);
    let (_, arguments, conditions) = item.generics.split_for_impl();
    let mut parameters = Generics { where_clause: None, ..generics };
    if let Some(first) = first {
        parameters.params.insert(0, parse_quote!(#first));
    }
    let (parameters, ..) = parameters.split_for_impl();
    quote! {
        #[automatically_derived]
        impl #parameters #path for #name #arguments #conditions { #body }
    }
}

fn bound(generics: &mut Generics) {
    for parameter in &mut generics.params {
        match parameter {
            GenericParam::Type(ty) => {
                ty.bounds.push(parse_quote!(::core::marker::Send));
                ty.bounds.push(parse_quote!(::core::marker::Sync));
                ty.bounds.push(parse_quote!('static));
            }
            GenericParam::Lifetime(lifetime) => lifetime.bounds.push(parse_quote!('static)),
            GenericParam::Const(_) => {}
        }
    }
}
