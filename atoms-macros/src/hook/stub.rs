//! What a hook with mistakes expands to: the errors, the function as it was, and a stub of the type that stands for it,
//! so that code that names the hook causes no further errors.

use proc_macro2::TokenStream;
use quote::quote;
use syn::ItemFn;

use super::model::Hook;
use crate::common::{attributes, function};

pub(crate) fn stub(hook: &Hook<'_>, errors: syn::Error) -> TokenStream {
    let mut function = given_back(hook);
    // It is unstable, which rustc would report as well.
    function.sig.variadic = None;
    let errors = errors.into_compile_error();
    if hook.receiver.is_some() {
        // In an impl block there can be no struct beside the function.
        return quote!(#function #errors);
    }
    let stub = unfinished(hook);
    quote!(#function #errors #stub)
}

/// The function without the attributes that only `#[hook]` knows: `#[extract]`, which is redundant in a hook.
pub(crate) fn given_back(hook: &Hook<'_>) -> ItemFn {
    function::given_back(hook.function, |attribute| attribute.path().is_ident("extract"))
}

/// The stub beside a function that does not parse.
pub(crate) fn unfinished(hook: &Hook<'_>) -> TokenStream {
    let (unit, root, name) = (function::unit(hook.function), &hook.options.root, &hook.function.sig.ident);
    let cfgs = attributes::cfgs(&hook.function.attrs);
    quote! {
        #unit
        #(#cfgs)*
        #root::__tools::hook_stub! { #name }
    }
}
