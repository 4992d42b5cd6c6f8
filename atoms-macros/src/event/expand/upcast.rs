//! What `upcasts` expands to, which reads frames of older versions.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote_spanned};
use syn::LitStr;

use super::super::check::{Upcast, older_name};
use super::super::model::Event;

/// The only place that names the old struct, so that rustc reports each mistake in it once, at `upcasts`.
pub(super) fn constant(event: &Event<'_>, upcast: &Upcast, type_string: &LitStr) -> TokenStream {
    let Upcast { version, old, key } = upcast;
    let root = event.keys.root.at(key.span());
    let mut name = event.item.ident.clone();
    let (below, guess) = (version - 1, older_name(event, version - 1));
    let written = old.to_token_stream().to_string().replace(' ', "");
    let a_request = format!(
        "`{name}` upcasts `{written}`, which is a request\n\
         help: make it an event: `#[event(type = ...)]`, of version {below}",
    );
    let other_type = format!(
        "`{name}` upcasts `{written}`, which is not of its type `{}`\n\
         help: give both the same `type`, and write `impl From<{written}> for {name}`",
        type_string.value(),
    );
    let other_version = format!(
        "`{name}` is version {version}, and upcasts `{written}`, which is not version {below}\n\
         help: write `upcasts = {guess}`, where `{guess}` is version {below}, and `impl From<{guess}> for {name}`",
    );
    name.set_span(key.span());
    quote_spanned! {key.span()=>
        // An old version may well be deprecated.
        #[allow(deprecated)]
        const UPCAST: #root::__private::Read<#name> =
            #root::__private::upcast::<#name, #old>(#a_request, #other_type, #other_version);
    }
}
