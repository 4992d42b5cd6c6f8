//! What an agent with mistakes expands to: the errors, the function as it was, and a stub of the type that stands for it, so
//! that code that names the agent causes no further errors.

use proc_macro2::TokenStream;
use quote::quote;
use syn::ItemFn;

use super::Agent;
use crate::common::{attributes, function};

pub(super) fn stub(agent: &Agent<'_>, errors: syn::Error) -> TokenStream {
    let mut function = given_back(agent);
    // It is unstable, which rustc would report as well.
    function.sig.variadic = None;
    let errors = errors.into_compile_error();
    if agent.function.sig.receiver().is_some() {
        // In an impl block there can be no struct beside the function.
        return quote!(#function #errors);
    }
    let stub = unfinished(agent);
    quote!(#function #errors #stub)
}

/// The function without the attributes that only the macros know: `#[extract]`, which is redundant in an agent.
pub(super) fn given_back(agent: &Agent<'_>) -> ItemFn {
    function::given_back(agent.function, |attribute| attribute.path().is_ident("extract"))
}

/// The stub beside a function that does not parse.
pub(super) fn unfinished(agent: &Agent<'_>) -> TokenStream {
    let (unit, root) = (function::unit(agent.function), &agent.options.root);
    let name = &agent.function.sig.ident;
    let cfgs = attributes::cfgs(&agent.function.attrs);
    quote! {
        #unit
        #(#cfgs)*
        #root::__tools::agent_stub! { #name }
    }
}
