//! What a handler with mistakes expands to: the errors, the function as it was, and a stub of the type
//! that stands for it, so that code that names the handler has nothing else to complain of.

use proc_macro2::TokenStream;
use quote::quote;

use super::check::is_handler;
use super::expand::unit;
use super::meant::mend;
use super::model::Handler;

pub(crate) fn stub(handler: &Handler<'_>, errors: syn::Error) -> TokenStream {
    let mut function = handler.function.clone();
    // It is unstable, which rustc would tell as well.
    function.sig.variadic = None;
    mend(&mut function.sig, &handler.options.root);
    function.attrs.retain(|attribute| !is_handler(attribute));
    let errors = errors.into_compile_error();
    if handler.receiver.is_some() {
        // In an impl block there can be no struct beside the function.
        return quote!(#function #errors);
    }
    let stub = unfinished(handler);
    quote!(#function #errors #stub)
}

/// What stands beside a function that does not parse.
pub(crate) fn unfinished(handler: &Handler<'_>) -> TokenStream {
    let (unit, root, name) = (unit(handler), &handler.options.root, &handler.function.sig.ident);
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
