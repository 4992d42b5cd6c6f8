//! What a handler with mistakes expands to: the errors, the function as it was, and a stub of the type that stands for it,
//! so that code that names the handler causes no further errors.

use proc_macro2::TokenStream;
use quote::quote;

use super::meant::mend;
use super::model::Handler;
use crate::common::function;

pub(crate) fn stub(handler: &Handler<'_>, errors: syn::Error) -> TokenStream {
    let mut function = function::given_back(handler.function, |_| false);
    // It is unstable, which rustc would report as well.
    function.sig.variadic = None;
    mend(&mut function.sig, &handler.options.root);
    let errors = errors.into_compile_error();
    if handler.receiver.is_some() {
        // In an impl block there can be no struct beside the function.
        return quote!(#function #errors);
    }
    let stub = unfinished(handler);
    quote!(#function #errors #stub)
}

/// The stub beside a function that does not parse.
pub(crate) fn unfinished(handler: &Handler<'_>) -> TokenStream {
    let (unit, root, name) =
        (function::unit(handler.function), &handler.options.root, &handler.function.sig.ident);
    quote! {
        #unit
        #[automatically_derived]
        impl #root::Handler for #name {
            fn info() -> &'static #root::HandlerInfo {
                ::core::unreachable!("the handler did not compile")
            }
        }
    }
}
