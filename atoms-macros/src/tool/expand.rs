//! ```text
//! fn refund(order_id: String, cents: u64, db: State<Db>) -> Result<Refund, RefundError> { ... }
//!                                        // as it was written, without what only `#[tool]` knows
//! pub struct RefundArgs { ... }          // as in `args.rs`
//!
//! pub struct refund {}                   // a type, so that the name of the function stays a function
//! const _: () = {
//!     struct __Tool;                     // not public, so that what is extracted need not be
//!     impl SyncHandlerParam<0> for __Tool { ... }
//!     impl SyncFunction for __Tool {
//!         type Tool = refund;
//!         type Params = Parameters<Self, 1>;
//!         type Returned = Result<Refund, RefundError>;      // or `Plain<Refund>`
//!         fn call(args: RefundArgs, (p0,): <Self::Params as SyncParams>::Values<'_>) -> Self::Returned {
//!             refund(args.order_id, args.cents, p0)         // or `Plain(refund(...))`
//!         }
//!     }
//!     ::atoms::__tools::tool! { refund, RefundArgs, __Tool, sync, ..., options: [approve("manager")] }
//! };
//! ```

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::spanned::Spanned;

use super::args::Args;
use super::check::Checked;
use super::model::Tool;
use super::stub::{self, given_back};
use crate::common::{Extracted, attributes, docs, function, types};

pub(crate) fn expand(tool: &Tool<'_>, checked: &Checked<'_>) -> TokenStream {
    if checked.is_told_by_rustc {
        return stub::told_by_rustc(tool);
    }
    let (function, unit) = (given_back(tool), function::unit(tool.function));
    let attrs = &tool.function.attrs;
    let cfgs = attributes::cfgs(attrs);
    let levels = attributes::levels(attrs).chain(attributes::allow_deprecated(attrs));
    let args = Args::new(tool, checked);
    let (item, implementations) = (args.item(), args.implementations());
    let extracted = extracted(tool);
    let parameters = extracted.types_of(&format_ident!("__Tool"));
    let implementation = implementation(tool, checked, &extracted);
    let registration = registration(tool, checked, &args);
    let allow = function::allow_what_is_demanded(&tool.function.sig);
    quote! {
        #allow
        #function
        #item
        #unit
        #(#cfgs)*
        #(#levels)*
        const _: () = {
            #implementations
            struct __Tool;
            #parameters
            #implementation
            #registration
        };
    }
}

fn extracted(tool: &Tool<'_>) -> Extracted {
    let runtime = tool.options.root.runtime_of_tools();
    if tool.is_async() {
        Extracted::new(runtime, tool.extracted().map(|parameter| parameter.ty.to_token_stream()))
    } else {
        Extracted::sync(runtime, tool.extracted().map(|parameter| &*parameter.ty))
    }
}

/// Whether the function returns a `Result`, by its spelling.
fn returns_result(tool: &Tool<'_>) -> bool {
    tool.output.is_some_and(|ty| types::is_named(ty, "Result"))
}

/// What the tool returns if it succeeds.
fn output(tool: &Tool<'_>) -> TokenStream {
    let root = &tool.options.root;
    match tool.output {
        None => quote!(()),
        Some(ty) if !returns_result(tool) => quote!(#ty),
        Some(ty) => match types::first_of(ty, "Result") {
            Some(output) => quote!(#output),
            // Such as `std::fmt::Result`.
            None => quote!(<#ty as #root::__tools::IsResultOf>::Output),
        },
    }
}

fn implementation(tool: &Tool<'_>, checked: &Checked<'_>, extracted: &Extracted) -> TokenStream {
    let (root, name) = (&tool.options.root, &tool.function.sig.ident);
    let of = format_ident!("{}Function", if tool.is_async() { "Async" } else { "Sync" });
    let output = tool.output.map_or_else(|| quote!(()), ToTokens::to_token_stream);
    let returned = if returns_result(tool) {
        output
    } else {
        let at = tool.output.map_or(name.span(), Spanned::span).resolved_at(Span::call_site());
        quote_spanned!(at=> #root::__tools::Plain<#output>)
    };
    let params = extracted.params();
    let call = call(tool, checked, extracted);
    let plain = tool.output.filter(|_| !returns_result(tool)).map(|ty| {
        let root = root.at(ty.span());
        quote_spanned! {ty.span()=>
            const _: () = #root::__tools::assert_plain!(#ty);
        }
    });
    quote! {
        impl #root::__tools::#of for __Tool {
            type Tool = #name;
            #params
            type Returned = #returned;
            #call
        }
        #plain
    }
}

/// `fn call`. It returns the future itself of an async function that returns a `Result`.
fn call(tool: &Tool<'_>, checked: &Checked<'_>, extracted: &Extracted) -> TokenStream {
    // A local name that cannot collide with the user's.
    let args = Ident::new("args", Span::mixed_site());
    let (root, name, struct_name) = (&tool.options.root, &tool.function.sig.ident, &checked.args);
    let (argument, mut extracted_names) = (extracted.argument(), extracted.names.iter());
    let values = checked.arguments.iter().map(|argument| match argument {
        Some(ident) => quote!(#args.#ident),
        None => extracted_names.next().to_token_stream(),
    });
    let called = quote!(#name(#(#values),*));
    if !tool.is_async() {
        let body = if returns_result(tool) { called } else { quote!(#root::__tools::Plain(#called)) };
        return quote!(fn call(#args: #struct_name, #argument) -> Self::Returned { #body });
    }
    // With the span of the name, where rustc reports a future that is not `Send`.
    let future = quote_spanned! {name.span()=>
        impl ::core::future::Future<Output = Self::Returned> + ::core::marker::Send
    };
    let body = match returns_result(tool) {
        true => called,
        false => quote!(async move { #root::__tools::Plain(#called.await) }),
    };
    quote!(fn call(#args: #struct_name, #argument) -> #future { #body })
}

fn registration(tool: &Tool<'_>, checked: &Checked<'_>, args: &Args<'_>) -> TokenStream {
    let (root, visibility, function) = (&tool.options.root, &tool.function.vis, &tool.function.sig.ident);
    let (struct_name, name) = (&checked.args, &checked.name);
    // Names have no dots, so two names give two symbols.
    let symbol = name.value().replace('-', ".");
    let kind = format_ident!("{}", if tool.is_async() { "asynchronous" } else { "sync" });
    let description = docs::text(&tool.function.attrs);
    let arguments = args.registered();
    let (output, options) = (output(tool), options(tool));
    quote! {
        #root::__tools::tool! {
            #function, #struct_name, __Tool, #kind,
            vis: [#visibility],
            name: #name,
            symbol: #symbol,
            description: #description,
            arguments: #arguments,
            output: #output,
            options: [#options]
        }
    }
}

/// The calls that pass the options on to the registry.
fn options(tool: &Tool<'_>) -> TokenStream {
    let options = &tool.options;
    let approve = options.approve.as_ref().map(|(_, role)| quote!(approve(#role)));
    let runtime = tool.options.root.runtime_of_tools();
    let timeout = options.timeout.as_ref().map(|(_, timeout)| timeout.duration(&runtime));
    let timeout = timeout.map(|timeout| quote!(timeout(#timeout)));
    let concurrency = options.concurrency.as_ref().map(|limit| limit.concurrency(&runtime));
    let concurrency = concurrency.map(|limit| quote!(concurrency(#limit)));
    let read_only = options.read_only.then(|| quote!(read_only()));
    let idempotent = options.idempotent.then(|| quote!(idempotent()));
    quote!(#approve #timeout #concurrency #read_only #idempotent)
}
