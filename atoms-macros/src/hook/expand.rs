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
//! A hook that a configuration names takes the data of the event by value:
//!
//! ```text
//! impl ConfiguredHook for __Hook { type Output = EventData; }
//! impl SyncConfigured<EventData> for __Hook { ... fn call(input: EventData, ...) -> EventData { next_step(input) } }
//! ```
//!
//! The impls for a hook of `Call<refund>` assume that `refund` is a tool, `where for<'a> refund: IsTool<'a>`. If it is not,
//! rustc reports that at the function.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};

use super::check::{self, Checked};
use super::model::{Hook, Stage};
use super::stub::given_back;
use crate::common::{Extracted, attributes, function};

pub(crate) fn expand(hook: &Hook<'_>, checked: &Checked<'_>) -> TokenStream {
    let (function, unit) = (given_back(hook), function::unit(hook.function));
    let attrs = &hook.function.attrs;
    let cfgs = attributes::cfgs(attrs);
    let levels = attributes::levels(attrs).chain(attributes::allow_deprecated(attrs));
    let types = hook.extracted().map(|parameter| parameter.ty.to_token_stream());
    let extracted = Extracted::new(hook.options.root.runtime_of_tools(), types);
    let parameters = extracted.types_of(&format_ident!("__Hook"));
    let implementation = implementation(hook, checked, &extracted);
    let registration = registration(hook, checked);
    let allow = function::allow_what_is_demanded(&hook.function.sig);
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
    let (is_configured, is_async) = (checked.stage == Stage::Configured, hook.is_async());
    let (of, stage) = traits(hook, checked);
    // With the span of the name, where rustc reports a missing answer.
    let output = hook.output.map_or_else(|| quote_spanned!(name.span()=> ()), ToTokens::to_token_stream);
    let (params, values, names) = (extracted.params(), extracted.argument(), &extracted.names);
    // The data of an event is given away, and a call is lent.
    let lifetime = (is_async && !is_configured).then(|| quote!('a));
    let (generics, bound) =
        (lifetime.as_ref().map(|it| quote!(<#it>)), lifetime.as_ref().map(|it| quote!(+ #it)));
    let taken = if is_configured { quote!(#input) } else { quote!(& #lifetime mut #input) };
    // With the span of the name, where rustc reports a future that is not `Send`.
    let returned = if is_async {
        quote_spanned! {name.span()=>
            impl ::core::future::Future<Output = #output> + ::core::marker::Send #bound
        }
    } else {
        quote!(#output)
    };
    let assumed =
        check::tool_of(input).map(|tool| quote!(where for<'__a> #tool: #root::__tools::IsTool<'__a>));
    let of_input = (!is_configured).then(|| quote!(type Input = #input;));
    let arguments = if is_configured { quote!(#output) } else { quote!(#input, #output) };
    quote! {
        impl #root::__tools::#stage for __Hook #assumed {
            #of_input
            type Output = #output;
        }
        impl #root::__tools::#of<#arguments> for __Hook #assumed {
            #params
            fn call #generics (#argument: #taken, #values) -> #returned {
                #name(#argument, #(#names),*)
            }
        }
    }
}

/// The trait of the function, and that of its stage.
fn traits(hook: &Hook<'_>, checked: &Checked<'_>) -> (Ident, Ident) {
    let (kind, stage) = match (checked.stage, &hook.options.detached) {
        (Stage::Before, None) => ("Hook", "BeforeHook"),
        (Stage::Before, Some(_)) => ("Hook", "BeforeDetachedHook"),
        (Stage::After, None) => ("Hook", "AfterHook"),
        (Stage::After, Some(_)) => ("Hook", "AfterDetachedHook"),
        (Stage::Configured, _) => ("Configured", "ConfiguredHook"),
    };
    let sync = if hook.is_async() { "Async" } else { "Sync" };
    (format_ident!("{sync}{kind}"), format_ident!("{stage}"))
}

fn registration(hook: &Hook<'_>, checked: &Checked<'_>) -> TokenStream {
    let (root, name) = (&hook.options.root, &hook.function.sig.ident);
    let stage = match (checked.stage, &hook.options.detached) {
        (Stage::Before, None) => "BEFORE",
        (Stage::Before, Some(_)) => "BEFORE_DETACHED",
        (Stage::After, None) => "AFTER",
        (Stage::After, Some(_)) => "AFTER_DETACHED",
        (Stage::Configured, _) => "CONFIGURED",
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
    let runtime = hook.options.root.runtime_of_tools();
    let order = options.order.as_ref().and_then(|order| order.order(&runtime));
    let order = order.map(|order| quote!(order(#order)));
    let timeout = options.timeout.as_ref().map(|(_, timeout)| timeout.duration(&runtime));
    let timeout = timeout.map(|timeout| quote!(timeout(#timeout)));
    let tools = options.tools.as_ref().map(|(_, pattern)| quote!(tools(#pattern)));
    let sender = options.sender.as_ref().map(|(_, pattern)| quote!(sender(#pattern)));
    let func = options.func.as_ref().map(|(_, name)| quote!(func(#name)));
    quote!(#order #timeout #tools #sender #func)
}
