//! ```text
//! impl SupportBot { ... }                    // as it was written, without the attributes of its methods
//!
//! const _: () = {
//!     struct __Listen;                       // for each method that has a role
//!     impl HandlerParam<0> for __Listen { type Type = Emitter<Escalation>; }
//!     impl Method<SupportBot> for __Listen {
//!         type Input = TranscriptUpdate;
//!         type Params = Parameters<Self, 1>;
//!         type Output = ();
//!         const CONSUMES: bool = false;
//!         fn info() -> &'static HandlerInfo { ... }
//!         fn call<'a>(node: &'a mut SupportBot, input: &'a Self::Input, (p0,): ...) -> impl Future<...> + Send + 'a {
//!             async move { SupportBot::listen(node, input, p0).await }
//!         }
//!     }
//!
//!     const METHODS: &[MethodShape] = &[MethodShape::handler::<SupportBot, __Listen>("listen")];
//!
//!     static SHAPE: NodeShape = NodeShape::new("SupportBot", ..., METHODS, &NodeBinding::of::<Self, __Parts>());
//!     entry!(&SHAPE);                        // for the registry
//!     impl Node for SupportBot {
//!         const SHAPE: &NodeShape = &SHAPE;
//!     }
//!
//!     struct __Parts;                        // not public, so that the events need not be
//!     impl NodeParts<SupportBot> for __Parts {
//!         type Factory = MadeByDefault;
//!         type Methods = (Handles<__Listen>, ());
//!         type Started = ();
//!         type Stopped = ();
//!     }
//! };
//! ```

mod method;

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;

use super::check::Inputs;
use super::model::Node;
use super::parse::Role;
use super::stub::{agent, agent_at, given_back};
use crate::common::types;
use method::Part;

pub(crate) fn expand(node: &Node<'_>, inputs: &Inputs) -> TokenStream {
    let (block, agent, ty) = (given_back(node), agent(node), &node.block.self_ty);
    let parts = parts(node, inputs, &agent);
    let implementations = parts.iter().map(Part::implementation);
    let shapes = parts.iter().map(Part::shape);
    let (shape, node_parts) = (shape(node, &agent), node_parts(node, &parts, &agent));
    let (distinct, silent) = (distinct(&parts, &agent), silent(&parts, &agent));
    let kept_elsewhere = kept_elsewhere(node, &parts, &agent);
    quote! {
        #block
        #[allow(unused_qualifications)]
        const _: () = {
            #(#implementations)*
            const METHODS: &[#agent::MethodShape] = &[#(#shapes),*];
            #distinct
            #silent
            #kept_elsewhere
            static SHAPE: #agent::NodeShape = #shape;
            #agent::atoms_runtime::entry! { &SHAPE }
            #[automatically_derived]
            impl #agent::Node for #ty {
                const SHAPE: &'static #agent::NodeShape = &SHAPE;
            }
            #node_parts
        };
    }
}

fn parts<'a>(node: &'a Node<'_>, inputs: &'a Inputs, agent: &'a TokenStream) -> Vec<Part<'a>> {
    let mut given = inputs.0.iter();
    let methods = node.methods.iter().enumerate();
    let parts = methods.map(|(index, method)| {
        let marker = format_ident!("__Method{index}", span = Span::mixed_site());
        let input = if matches!(method.role, Role::Handler | Role::Respond) { given.next() } else { None };
        Part { agent, ty: &node.block.self_ty, method, marker, input: input.map(|it| (&it.ty, it.by_value)) }
    });
    parts.collect()
}

/// How the node is made, and which of its methods are called when.
fn node_parts(node: &Node<'_>, parts: &[Part<'_>], agent: &TokenStream) -> TokenStream {
    let ty = &node.block.self_ty;
    let of = |role| parts.iter().find(|part| part.method.role == role);
    let factory = match of(Role::Factory) {
        Some(Part { marker, .. }) => quote!(#agent::MadeBy<#marker>),
        None => {
            let agent = agent_at(node, ty.span());
            quote_spanned!(ty.span()=> #agent::MadeByDefault)
        }
    };
    let methods = parts.iter().rev().filter(|part| part.takes_events()).fold(quote!(()), |rest, part| {
        let run = part.run();
        quote!((#run, #rest))
    });
    let hook =
        |role| of(role).map_or(quote!(()), |Part { marker, .. }| quote!((#agent::Handles<#marker>, ())));
    let (started, stopped) = (hook(Role::Started), hook(Role::Stopped));
    quote! {
        struct __Parts;
        impl #agent::NodeParts<#ty> for __Parts {
            type Factory = #factory;
            type Methods = #methods;
            type Started = #started;
            type Stopped = #stopped;
        }
    }
}

fn shape(node: &Node<'_>, agent: &TokenStream) -> TokenStream {
    let name = types::text(&node.block.self_ty);
    let kind = match (&node.keys.output, &node.keys.background) {
        (Some(_), _) => quote!(Output),
        (None, Some(_)) => quote!(Background),
        (None, None) => quote!(Plain),
    };
    let severity = if node.keys.is_fatal { quote!(Fatal) } else { quote!(Warning) };
    let (ty, path) = (&node.block.self_ty, format!("::{name}"));
    let grouped = node.keys.group.as_ref().map(|(_, name)| quote!(.in_group(#name)));
    let exposing = node.keys.exposes_errors.then(|| quote!(.exposing_errors()));
    let starting =
        node.of(Role::Started).any(|started| started.options.may_fail).then(|| quote!(.starting_or_not()));
    quote! {
        #agent::NodeShape::new(
            #name,
            ::core::concat!(::core::module_path!(), #path),
            #agent::Kind::#kind,
            #agent::Severity::#severity,
            METHODS,
            const { &#agent::NodeBinding::of::<#ty, __Parts>() },
        )
        #exposing
        #starting
        #grouped
    }
}

/// Reports a `#[stopped]` that emits events, at the method.
fn silent(parts: &[Part<'_>], agent: &TokenStream) -> TokenStream {
    let stopped = parts.iter().enumerate().filter(|(_, part)| part.method.role == Role::Stopped);
    let checks = stopped.map(|(index, part)| {
        quote_spanned! {part.method.name().span()=>
            const _: () = if #agent::emits(METHODS, #index) {
                ::core::panic!("a node that stops cannot emit events, since nothing behind it runs any more\nhelp: emit them on the bus: `session.bus()`")
            };
        }
    });
    checks.collect()
}

/// Reports a parameter that only output nodes have, in another node.
fn kept_elsewhere(node: &Node<'_>, parts: &[Part<'_>], agent: &TokenStream) -> TokenStream {
    if node.keys.output.is_some() {
        return TokenStream::new();
    }
    let message = format!(
        "`{}` keeps no conversation, which only output nodes do\nhelp: take it in a node with `#[node(output)]`, or keep what you need of it in a handler of `&TranscriptUpdate`\nnote: an `Option<Conversation>` is `None` here, or has the messages that an `LlmRequest` brings",
        types::text(&node.block.self_ty),
    );
    let parameters =
        parts.iter().flat_map(|part| part.extracted().map(move |ty| (ty.span(), part.named(ty))));
    let checks: TokenStream = parameters
        .map(|(span, ty)| {
            quote_spanned! {span=>
                const _: () = if <#agent::OnlyInOutputs<#ty>>::IS_SO { ::core::panic!(#message) };
            }
        })
        .collect();
    quote! {
        const _: () = {
            #[allow(unused_imports)]
            use #agent::InEveryNode as _;
            #checks
        };
    }
}

/// Reports two methods that take one event, at the second one.
fn distinct(parts: &[Part<'_>], agent: &TokenStream) -> TokenStream {
    let checks = parts.iter().enumerate().filter(|(index, part)| *index > 0 && part.takes_events()).map(
        |(index, part)| {
            let span =
                part.method.function.sig.inputs.first().map_or(part.method.name().span(), Spanned::span);
            quote_spanned! {span=>
                const _: () = if #agent::is_taken_before(METHODS, #index) {
                    ::core::panic!("{}", #agent::taken_before(METHODS, #index).as_str())
                };
            }
        },
    );
    checks.collect()
}
