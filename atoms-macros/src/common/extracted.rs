//! ```text
//! impl HandlerParam<0> for __Handler { type Type = Emitter<OrderConfirmed>; }
//!
//! type Params = Parameters<Self, 1>;
//! (p0,): <Self::Params as Params>::Values
//! ```
//!
//! Each type is an associated type of its own, so that rustc reports a mistake at the parameter. The parameters of a sync
//! handler may borrow from the delivery, and need not be `Send`:
//!
//! ```text
//! impl SyncHandlerParam<0> for __Handler {        // printer: Printer<'_>
//!     type Type<'d> = Printer<'d>;
//!     type Extracted = Printer<'static>;
//! }
//!
//! (p0,): <Self::Params as SyncParams>::Values<'_>
//! ```

use proc_macro2::{Group, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote};
use syn::Type;

use super::types;

/// The parameters of a function that are extracted from a delivery.
pub(crate) struct Extracted {
    /// The path of the runtime.
    runtime: TokenStream,
    is_sync: bool,
    /// The associated types of each.
    types: Vec<TokenStream>,
    /// Local names that cannot collide with the user's.
    pub(crate) names: Vec<Ident>,
}

impl Extracted {
    pub(crate) fn new(runtime: impl ToTokens, types: impl Iterator<Item = TokenStream>) -> Self {
        Self::of(runtime, false, types.map(|ty| quote!(type Type = #ty;)))
    }

    /// The parameters of a sync handler.
    pub(crate) fn sync<'a>(runtime: impl ToTokens, types: impl Iterator<Item = &'a Type>) -> Self {
        let runtime = runtime.into_token_stream();
        let types = types.map(|ty| {
            let extracted = match types::option_of(ty) {
                Some(inner) => quote!(#runtime::__private::Optional<#inner>),
                None => ty.to_token_stream(),
            };
            let (of_delivery, extracted) = (named(ty.to_token_stream(), "d"), named(extracted, "static"));
            quote! {
                type Type<'d> = #of_delivery;
                type Extracted = #extracted;
            }
        });
        Self::of(&runtime, true, types)
    }

    fn of(runtime: impl ToTokens, is_sync: bool, types: impl Iterator<Item = TokenStream>) -> Self {
        let types: Vec<_> = types.collect();
        let names = (0..types.len()).map(|index| Ident::new(&format!("p{index}"), Span::mixed_site()));
        Self { runtime: runtime.into_token_stream(), is_sync, names: names.collect(), types }
    }

    /// The `impl` that names the type of each, by its index.
    pub(crate) fn types_of(&self, marker: &Ident) -> TokenStream {
        let (runtime, param) = (&self.runtime, format_ident!("{}HandlerParam", self.prefix()));
        let types = self.types.iter().enumerate().map(|(index, types)| {
            quote! {
                impl #runtime::__private::#param<#index> for #marker {
                    #types
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

    /// The argument of `fn call` that holds all of them.
    pub(crate) fn argument(&self) -> TokenStream {
        let (runtime, names, params) = (&self.runtime, &self.names, format_ident!("{}Params", self.prefix()));
        let lifetime = self.is_sync.then(|| quote!(<'_>));
        quote!((#(#names,)*): <Self::Params as #runtime::#params>::Values #lifetime)
    }

    fn prefix(&self) -> &'static str {
        if self.is_sync { "Sync" } else { "" }
    }
}

/// The type with a name in the place of each `'_`, which an associated type cannot have.
fn named(tokens: TokenStream, name: &str) -> TokenStream {
    let mut follows_quote = false;
    let named = tokens.into_iter().map(|token| {
        let is_lifetime = follows_quote;
        follows_quote = matches!(&token, TokenTree::Punct(punct) if punct.as_char() == '\'');
        match token {
            TokenTree::Ident(ident) if is_lifetime && ident == "_" => Ident::new(name, ident.span()).into(),
            TokenTree::Group(group) => {
                let mut inner = Group::new(group.delimiter(), self::named(group.stream(), name));
                inner.set_span(group.span());
                inner.into()
            }
            token => token,
        }
    });
    named.collect()
}
