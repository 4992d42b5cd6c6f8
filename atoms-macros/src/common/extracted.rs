//! ```text
//! impl HandlerParam<0> for __Handler { type Type = Emitter<OrderConfirmed>; }
//!
//! type Params = Parameters<Self, 1>;
//! (p0,): <Self::Params as Params>::Values
//! ```
//!
//! Each type is an associated type of its own, so that rustc tells of each where it stands.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote};

/// The parameters of a function that are extracted from a delivery, as what calls it has them.
pub(crate) struct Extracted {
    /// The path of the runtime.
    runtime: TokenStream,
    types: Vec<TokenStream>,
    /// Local names that no name of the user's can meet.
    pub(crate) names: Vec<Ident>,
}

impl Extracted {
    pub(crate) fn new(runtime: impl ToTokens, types: impl Iterator<Item = TokenStream>) -> Self {
        let types: Vec<_> = types.collect();
        let names = (0..types.len()).map(|index| Ident::new(&format!("p{index}"), Span::mixed_site()));
        Self { runtime: runtime.into_token_stream(), names: names.collect(), types }
    }

    /// The type of each, by its index.
    pub(crate) fn types_of(&self, marker: &Ident) -> TokenStream {
        let runtime = &self.runtime;
        let types = self.types.iter().enumerate().map(|(index, ty)| {
            quote! {
                impl #runtime::__private::HandlerParam<#index> for #marker {
                    type Type = #ty;
                }
            }
        });
        types.collect()
    }

    /// The associated type that has all of them.
    pub(crate) fn params(&self) -> TokenStream {
        let (runtime, count) = (&self.runtime, self.types.len());
        quote!(type Params = #runtime::__private::Parameters<Self, #count>;)
    }

    /// All of them as one argument of `fn call`.
    pub(crate) fn argument(&self) -> TokenStream {
        let (runtime, names) = (&self.runtime, &self.names);
        quote!((#(#names,)*): <Self::Params as #runtime::Params>::Values)
    }
}
