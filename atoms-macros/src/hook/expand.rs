//! ```text
//! async fn guard(call: &mut ToolCall, db: State<Db>) -> Verdict { ... }      // as it was written
//!
//! struct guard {}                         // a type, so that the name of the function stays a function
//! const _: () = {
//!     struct __Hook;                      // not public, so that the tool need not be
//!     impl HandlerParam<0> for __Hook { type Type = State<Db>; }
//!     impl BeforeHook for __Hook {        // where rustc tells of a type that is wrong
//!         type Input = ToolCall;
//!         type Output = Verdict;
//!     }
//!     impl AsyncHook<ToolCall, Verdict> for __Hook {
//!         type Params = Parameters<Self, 1>;
//!         fn call<'a>(input: &'a mut ToolCall, (p0,): <Self::Params as Params>::Values) -> impl Future<...> + Send + 'a {
//!             guard(input, p0)
//!         }
//!     }
//!     ::atoms::__tools::hook! { guard, __Hook, BEFORE_ASYNC, of: AnyTool, options: [tools("shop_*")] }
//! };
//! ```
//!
//! The impls for a hook of `Call<refund>` assume that `refund` is a tool, `where for<'a> refund: IsTool<'a>`. If it is not,
//! rustc reports that at the function.

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};

use super::check::{self, Checked};
use super::model::{Hook, Stage};
use super::stub::given_back;
use crate::common::{Extracted, attributes, function};

pub(crate) fn expand(hook: &Hook<'_>, checked: &Checked<'_>) -> TokenStream {
    let (function, unit, root) = (given_back(hook), function::unit(hook.function), &hook.options.root);
    let attrs = &hook.function.attrs;
    let cfgs = attributes::cfgs(attrs);
    let levels = attributes::levels(attrs).chain(attributes::allow_deprecated(attrs));
    let types = hook.extracted().map(|parameter| parameter.ty.to_token_stream());
    let extracted = Extracted::new(quote!(#root::__tools::atoms_runtime), types);
    let parameters = extracted.types_of(&format_ident!("__Hook"));
    let implementation = implementation(hook, checked, &extracted);
    let registration = registration(hook, checked);
    let allow = function::allow_what_is_demanded();
    quote! {
        #allow
        #function
        #unit
        #(#cfgs)*
        #(#levels)*
        const _: () = {
            struct __Hook;
            #parameters
            #implementation
            #registration
        };
    }
}

fn implementation(hook: &Hook<'_>, checked: &Checked<'_>, extracted: &Extracted) -> TokenStream {
    // A local name that cannot collide with the user's.
    let argument = Ident::new("input", Span::mixed_site());
    let (root, name, input) = (&hook.options.root, &hook.function.sig.ident, checked.input);
    let of = format_ident!("{}Hook", if hook.is_async() { "Async" } else { "Sync" });
    // With the span of the name, where rustc reports a missing answer.
    let output = hook.output.map_or_else(|| quote_spanned!(name.span()=> ()), ToTokens::to_token_stream);
    let (params, values, names) = (extracted.params(), extracted.argument(), &extracted.names);
    let body = quote!(#name(#argument, #(#names),*));
    let call = if hook.is_async() {
        // With the span of the name, where rustc reports a future that is not `Send`.
        let future = quote_spanned! {name.span()=>
            impl ::core::future::Future<Output = #output> + ::core::marker::Send + 'a
        };
        quote!(fn call<'a>(#argument: &'a mut #input, #values) -> #future { #body })
    } else {
        quote!(fn call(#argument: &mut #input, #values) -> #output { #body })
    };
    let stage = match (checked.stage, &hook.options.detached) {
        (Stage::Before, None) => quote!(BeforeHook),
        (Stage::Before, Some(_)) => quote!(BeforeDetachedHook),
        (Stage::After, None) => quote!(AfterHook),
        (Stage::After, Some(_)) => quote!(AfterDetachedHook),
    };
    let assumed =
        check::tool_of(input).map(|tool| quote!(where for<'__a> #tool: #root::__tools::IsTool<'__a>));
    quote! {
        impl #root::__tools::#stage for __Hook #assumed {
            type Input = #input;
            type Output = #output;
        }
        impl #root::__tools::#of<#input, #output> for __Hook #assumed {
            #params
            #call
        }
    }
}

fn registration(hook: &Hook<'_>, checked: &Checked<'_>) -> TokenStream {
    let (root, name) = (&hook.options.root, &hook.function.sig.ident);
    let stage = match (checked.stage, &hook.options.detached) {
        (Stage::Before, None) => "BEFORE",
        (Stage::Before, Some(_)) => "BEFORE_DETACHED",
        (Stage::After, None) => "AFTER",
        (Stage::After, Some(_)) => "AFTER_DETACHED",
    };
    let kind = format_ident!("{stage}_{}", if hook.is_async() { "ASYNC" } else { "SYNC" });
    let of =
        check::tool_of(checked.input).map_or_else(|| quote!(#root::__tools::AnyTool), |tool| quote!(#tool));
    let options = options(hook);
    quote!(#root::__tools::hook! { #name, __Hook, #kind, of: #of, options: [#options] })
}

/// The calls that pass the options on to the registry.
fn options(hook: &Hook<'_>) -> TokenStream {
    let options = &hook.options;
    let order =
        (options.order != 0).then(|| Literal::i32_unsuffixed(options.order)).map(|it| quote!(order(#it)));
    let timeout = options.timeout.as_ref().map(|(_, millis)| {
        let millis = Literal::u64_unsuffixed(*millis);
        quote!(timeout(#millis))
    });
    let tools = options.tools.as_ref().map(|(_, pattern)| quote!(tools(#pattern)));
    let sender = options.sender.as_ref().map(|pattern| quote!(sender(#pattern)));
    quote!(#order #timeout #tools #sender)
}
