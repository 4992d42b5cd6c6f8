//! What the options of a handler expand to, in its `const _: () = { ... }`:
//!
//! ```text
//! fn accepts(input: &Self::Input) -> bool {           // when = is_large
//!     let when: fn(&Self::Input) -> bool = is_large;
//!     when(input)
//! }
//!
//! impl Retries for __Handler {                        // retry
//!     type Error = <<Self as AsyncHandler>::Output as Fallible>::Error;
//! }
//!
//! const _: () = assert_takes_any_event::<<__Handler as SyncHandler>::Input>();     // pattern = "shop.*"
//!
//! options: [with_retry(Retry::new(3, Backoff::Exponential, Duration::from_millis(100), ..., false, __judge!(...)))]
//! ```
//!
//! Checks of types have the span of their option, where rustc then reports a mistake.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;

use super::identity;
use super::model::Handler;
use super::retry::{Backoff, Retry};
use crate::common::types;

/// The method of the handler's trait that calls the function of `when`.
pub(super) fn accepts(handler: &Handler<'_>) -> Option<TokenStream> {
    let path = handler.options.when.as_ref()?;
    // Local names that cannot collide with the user's.
    let [input, when] = ["input", "when"].map(|name| Ident::new(name, Span::mixed_site()));
    let checked = quote_spanned! {at(path)=>
        let #when: fn(&Self::Input) -> ::core::primitive::bool = #path;
    };
    Some(quote! {
        fn accepts(#input: &Self::Input) -> ::core::primitive::bool {
            #checked
            #when(#input)
        }
    })
}

/// The conditions on the handler's types. `of` is its trait.
pub(super) fn demands(handler: &Handler<'_>, of: &TokenStream) -> TokenStream {
    let root = &handler.options.root;
    let retry = handler.options.retry.as_ref().map(|retry| {
        let error = quote_spanned! {at(&retry.key)=>
            <<Self as #of>::Output as #root::__private::Fallible>::Error
        };
        quote! {
            impl #root::__private::Retries for __Handler {
                type Error = #error;
            }
        }
    });
    let pattern = handler.options.pattern.as_ref().map(|(key, _)| {
        quote_spanned! {at(key)=>
            const _: () = #root::__private::assert_takes_any_event::<<__Handler as #of>::Input>();
        }
    });
    quote!(#retry #pattern)
}

/// The calls that pass the options on to the registry.
pub(super) fn options(handler: &Handler<'_>) -> TokenStream {
    let options = &handler.options;
    let root = &options.root;
    let order = options.order.as_ref().and_then(|order| order.order(root));
    let allow_cycle = options.allow_cycle.then(TokenStream::new);
    let retry = options.retry.as_ref().map(|retry| description(handler, retry));
    let timeout = options.timeout.as_ref().map(|(_, timeout)| timeout.duration(root));
    let concurrency = options.concurrency.as_ref().map(|limit| limit.concurrency(root));
    let pattern = options.pattern.as_ref().map(|(_, pattern)| pattern.checked(root, "pattern"));
    let post = options.post.then(TokenStream::new);
    let detached = options.detached.then(TokenStream::new);
    let id = options.id.as_ref().map(|id| id.checked(root, "id"));
    let was = identity::earlier(root, &options.was);
    [
        call("with_order", order),
        call("with_allow_cycle", allow_cycle),
        call("with_retry", retry),
        call("with_judge", judge(handler)),
        call("with_timeout", timeout),
        call("with_concurrency", concurrency),
        call("with_pattern", pattern),
        call("with_post", post),
        call("with_detached", detached),
        call("with_id", id),
        call("with_was", was),
    ]
    .into_iter()
    .collect()
}

/// The span of an option, marked as generated code, so that lints leave it alone.
fn at(option: &impl Spanned) -> Span {
    option.span().resolved_at(Span::call_site())
}

fn call(name: &str, argument: Option<impl ToTokens>) -> TokenStream {
    let name = Ident::new(name, Span::call_site());
    argument.map(|argument| quote!(#name(#argument))).unwrap_or_default()
}

/// What a `RequestError` asks about the error of a handler without `retry`.
fn judge(handler: &Handler<'_>) -> Option<TokenStream> {
    let root = &handler.options.root;
    let is_asked = handler.options.retry.is_none() && types::is_named(handler.output?, "Result");
    let of = if handler.is_async() { quote!(AsyncHandler) } else { quote!(SyncHandler) };
    is_asked.then(|| quote!(#root::__judge_output!(<__Handler as #root::#of>::Output)))
}

fn description(handler: &Handler<'_>, retry: &Retry) -> TokenStream {
    let root = &handler.options.root;
    let Retry { attempts, backoff, delay, max_delay, deadline, jitter, .. } = retry;
    let attempts = attempts.checked(root, "attempts");
    let [delay, max_delay] = [delay, max_delay].map(|wait| wait.duration(root));
    let deadline = deadline.as_ref().map(|deadline| deadline.duration(root));
    let deadline = deadline.map(|deadline| quote!(.with_deadline(#deadline)));
    let backoff = match backoff {
        Backoff::Exponential => quote!(Exponential),
        Backoff::Fixed => quote!(Fixed),
    };
    // With the span of the condition above, so that rustc reports one that is not met once.
    let error = quote_spanned!(at(&retry.key)=> <__Handler as #root::__private::Retries>::Error);
    quote! {
        #root::Retry::new(
            #attempts,
            #root::Backoff::#backoff,
            #delay,
            #max_delay,
            #jitter,
            #root::__judge!(#error),
        ) #deadline
    }
}
