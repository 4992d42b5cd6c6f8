//! What a handler expands to: the function as it is, a type of its name, and how to call it.
//!
//! ```text
//! async fn mail(order: &OrderConfirmed, mailer: State<Mailer>) -> Result<(), MailError> { ... }
//!
//! struct mail {}
//!
//! impl ::atoms::__private::ParamAt<0> for mail {
//!     type Param = State<Mailer>;
//! }
//!
//! impl ::atoms::AsyncHandler for mail {
//!     type Input = OrderConfirmed;
//!     type Params = (::atoms::__private::Param<Self, 0>,);
//!     type Output = Result<(), MailError>;
//!
//!     fn call<'a>(input: &'a Self::Input, (p0,): Self::Params) -> impl Future<...> + Send + 'a {
//!         mail(input, p0.0)
//!     }
//! }
//!
//! ::atoms::__handler!(mail, asynchronous, order: 0, allow_cycle: false);
//! ```

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::ReturnType;

use super::check::Input;
use super::model::Model;

pub(super) fn handler(model: &Model<'_>, input: Input<'_>) -> TokenStream {
    let (root, name) = (&model.root, &model.function.sig.ident);
    let (order, allow_cycle) = (model.order, model.allow_cycle);
    let kind = if is_async(model) { quote!(asynchronous) } else { quote!(sync) };
    let (ty, call) = (handler_type(model), call(model, &input));
    let cfgs: Vec<_> = model.cfgs().collect();
    quote! {
        #ty
        #(#cfgs)*
        #call
        #(#cfgs)*
        #root::__handler! { #name, #kind, order: #order, allow_cycle: #allow_cycle }
    }
}

/// The type without anything behind it, for a function with mistakes.
pub(super) fn stub(model: &Model<'_>) -> TokenStream {
    if model.function.sig.receiver().is_some() {
        // In an `impl` block, where no type can be.
        return TokenStream::new();
    }
    let (root, name, cfgs) = (&model.root, &model.function.sig.ident, model.cfgs());
    let ty = handler_type(model);
    quote! {
        #ty
        #(#cfgs)*
        impl #root::Handler for #name {
            fn info() -> &'static #root::HandlerInfo {
                ::core::unreachable!()
            }
        }
    }
}

fn is_async(model: &Model<'_>) -> bool {
    model.function.sig.asyncness.is_some()
}

/// The braces keep the type out of the namespace in which the function is.
fn handler_type(model: &Model<'_>) -> TokenStream {
    let (name, vis, cfgs) = (&model.function.sig.ident, &model.function.vis, model.cfgs());
    quote! {
        #(#cfgs)*
        #[doc(hidden)]
        #[allow(non_camel_case_types, missing_debug_implementations, dead_code, unreachable_pub)]
        #vis struct #name {}
    }
}

/// How the bus calls the function.
fn call(model: &Model<'_>, input: &Input<'_>) -> TokenStream {
    let (root, name, ty) = (&model.root, &model.function.sig.ident, input.event);
    let types = &input.parameters;
    let indices: Vec<_> = (0..types.len()).collect();
    let parameters: Vec<_> = (0..types.len()).map(|index| format_ident!("p{index}")).collect();
    let clone = if is_async(model) { quote!(clone_async) } else { quote!(clone_sync) };
    let event = if input.by_value { quote!(#root::__private::#clone::<Self>(input)) } else { quote!(input) };
    let output = match &model.function.sig.output {
        ReturnType::Default => quote!(()),
        ReturnType::Type(_, ty) => quote!(#ty),
    };
    let (of, signature) = if is_async(model) {
        let future = quote_spanned! {name.span()=>
            impl ::core::future::Future<Output = Self::Output> + ::core::marker::Send + 'a
        };
        (
            quote!(AsyncHandler),
            quote!(fn call<'a>(input: &'a Self::Input, (#(#parameters,)*): Self::Params) -> #future),
        )
    } else {
        (
            quote!(SyncHandler),
            quote!(fn call(input: &Self::Input, (#(#parameters,)*): Self::Params) -> Self::Output),
        )
    };
    quote! {
        #[allow(deprecated)]
        const _: () = {
            #(impl #root::__private::ParamAt<#indices> for #name {
                type Param = #types;
            })*

            #[automatically_derived]
            impl #root::#of for #name {
                type Input = #ty;
                type Params = (#(#root::__private::Param<Self, #indices>,)*);
                type Output = #output;

                #[inline]
                #signature {
                    #name(#event, #(#parameters.0),*)
                }
            }
        };
    }
}
