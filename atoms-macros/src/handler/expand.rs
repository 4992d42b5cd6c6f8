//! ```text
//! async fn confirm(order: &OrderCreated, out: Emitter<OrderConfirmed>) { ... }   // as it was written
//!
//! struct confirm {}                       // a type, so that the name of the function stays a function
//! const _: () = {
//!     struct __Handler;                   // not public, so that the event need not be
//!     impl HandlerParam<0> for __Handler { type Type = Emitter<OrderConfirmed>; }
//!     impl AsyncHandler for __Handler {
//!         type Named = confirm;
//!         type Input = OrderCreated;
//!         type Params = Parameters<Self, 1>;
//!         type Output = ();
//!         fn call<'a>(input: &'a Self::Input, (p0,): <Self::Params as Params>::Values) -> impl Future<...> + Send + 'a {
//!             confirm(input, p0)
//!         }
//!     }
//!     ::atoms::__handler! { confirm, __Handler, asynchronous, options: [with_order(-3)] }
//! };
//! ```
//!
//! Each type of the signature is an associated type of its own, so that rustc reports a mistake at that type. What the
//! options expand to is in `delivery.rs`, and what the parameters expand to in `common/extracted.rs`.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};

use super::delivery;
use super::model::{Handler, Input};
use crate::common::{Extracted, attributes, function};

pub(crate) fn expand(handler: &Handler<'_>, input: Input<'_>) -> TokenStream {
    let function = handler.function;
    let unit = function::unit(handler.function);
    let cfgs = attributes::cfgs(&function.attrs);
    let levels = attributes::levels(&function.attrs).chain(attributes::allow_deprecated(&function.attrs));
    let root = &handler.options.root;
    let extracted = if handler.is_async() {
        Extracted::new(root, handler.extracted().map(|parameter| parameter.ty.to_token_stream()))
    } else {
        Extracted::sync(root, handler.extracted().map(|parameter| &*parameter.ty))
    };
    let parameters = extracted.types_of(&format_ident!("__Handler"));
    let implementation = implementation(handler, &input, &extracted);
    let registration = registration(handler);
    let allow = function::allow_what_is_demanded(&function.sig);
    quote! {
        #allow
        #function
        #unit
        #(#cfgs)*
        #(#levels)*
        const _: () = {
            struct __Handler;
            #parameters
            #implementation
            #registration
        };
    }
}

fn implementation(handler: &Handler<'_>, input: &Input<'_>, extracted: &Extracted) -> TokenStream {
    let root = &handler.options.root;
    let (named, ty) = (&handler.function.sig.ident, input.ty);
    // With the span of the name, where rustc reports a missing reply.
    let name = handler.function.sig.ident.span();
    let output = handler.output.map_or_else(|| quote_spanned!(name=> ()), |output| quote!(#output));
    let params = extracted.params();
    let of = if handler.is_async() { quote!(#root::AsyncHandler) } else { quote!(#root::SyncHandler) };
    let accepts = delivery::accepts(handler);
    let call = call(handler, input, extracted);
    let demands = delivery::demands(handler, &of);
    // Generic, so that a type that is not an event is reported once.
    let cloned = input.by_value.then(|| {
        quote! {
            fn __cloned<H: #of>(input: &H::Input) -> H::Input {
                #root::Input::copy(input)
            }
        }
    });
    quote! {
        #cloned
        impl #of for __Handler {
            type Named = #named;
            type Input = #ty;
            #params
            type Output = #output;
            #accepts
            #root::__finish! { #ty, #output }
            #call
        }
        #demands
    }
}

/// `fn call`. It returns the future of an async function itself, which is neither boxed nor wrapped.
fn call(handler: &Handler<'_>, input: &Input<'_>, extracted: &Extracted) -> TokenStream {
    // A local name that cannot collide with the user's: the function itself may be called `input`.
    let event = Ident::new("input", Span::mixed_site());
    let (name, names, extracted) = (&handler.function.sig.ident, &extracted.names, extracted.argument());
    let argument = if input.by_value { quote!(__cloned::<Self>(#event)) } else { quote!(#event) };
    let body = quote!(#name(#argument, #(#names),*));
    if handler.is_async() {
        // With the span of the name, where rustc reports a future that is not `Send`.
        let future = quote_spanned! {name.span()=>
            impl ::core::future::Future<Output = Self::Output> + ::core::marker::Send + 'a
        };
        quote!(fn call<'a>(#event: &'a Self::Input, #extracted) -> #future { #body })
    } else {
        quote!(fn call(#event: &Self::Input, #extracted) -> Self::Output { #body })
    }
}

fn registration(handler: &Handler<'_>) -> TokenStream {
    let (root, name) = (&handler.options.root, &handler.function.sig.ident);
    let kind = format_ident!("{}", if handler.is_async() { "asynchronous" } else { "sync" });
    let options = delivery::options(handler);
    quote!(#root::__handler! { #name, __Handler, #kind, options: [#options] })
}
