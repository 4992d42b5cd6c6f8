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
//!     static SHAPE: NodeShape = NodeShape::new("SupportBot", ..., METHODS);
//!     impl Node for SupportBot {
//!         const ENTRY: NodeEntry = NodeEntry::new::<Self, __Parts>(&SHAPE);
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

use proc_macro2::{Group, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{FnArg, Type};

use super::check::Inputs;
use super::model::{Method, Node};
use super::parse::Role;
use super::stub::{agent, agent_at, given_back};
use crate::common::types;

pub(crate) fn expand(node: &Node<'_>, inputs: &Inputs) -> TokenStream {
    let (block, agent, ty) = (given_back(node.block), agent(node), &node.block.self_ty);
    let mut given = inputs.0.iter();
    let parts: Vec<Part<'_>> = node
        .methods
        .iter()
        .enumerate()
        .map(|(index, method)| {
            let marker = format_ident!("__Method{index}", span = Span::mixed_site());
            let input = if method.role == Role::Handler { given.next() } else { None };
            Part { agent: &agent, ty, method, marker, input: input.map(|it| (&it.ty, it.by_value)) }
        })
        .collect();
    let implementations = parts.iter().map(Part::implementation);
    let shapes = parts.iter().filter_map(Part::shape);
    let of = |role| parts.iter().filter(move |part| part.method.role == role);
    let factory = of(Role::Factory).next().map_or_else(
        || {
            let agent = agent_at(node, ty.span());
            quote_spanned!(ty.span()=> #agent::MadeByDefault)
        },
        |Part { marker, .. }| quote!(#agent::MadeBy<#marker>),
    );
    let methods = parts.iter().rev().filter(|part| part.takes_events()).fold(quote!(()), |rest, part| {
        let run = part.run();
        quote!((#run, #rest))
    });
    let hook = |role| {
        of(role).next().map_or(quote!(()), |Part { marker, .. }| quote!((#agent::Handles<#marker>, ())))
    };
    let (started, stopped) = (hook(Role::Started), hook(Role::Stopped));
    let shape = shape(node, &agent);
    let distinct = distinct(&parts, &agent);
    quote! {
        #block
        const _: () = {
            #(#implementations)*
            const METHODS: &[#agent::MethodShape] = &[#(#shapes),*];
            #distinct
            static SHAPE: #agent::NodeShape = #shape;
            #[automatically_derived]
            impl #agent::Node for #ty {
                const ENTRY: #agent::NodeEntry = #agent::NodeEntry::new::<Self, __Parts>(&SHAPE);
            }
            struct __Parts;
            impl #agent::NodeParts<#ty> for __Parts {
                type Factory = #factory;
                type Methods = #methods;
                type Started = #started;
                type Stopped = #stopped;
            }
        };
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
    let path = format!("::{name}");
    quote! {
        #agent::NodeShape::new(
            #name,
            ::core::concat!(::core::module_path!(), #path),
            #agent::Kind::#kind,
            #agent::Severity::#severity,
            METHODS,
        )
    }
}

/// That no two methods take one event is told at the second.
fn distinct(parts: &[Part<'_>], agent: &TokenStream) -> TokenStream {
    let takes = parts.iter().filter(|part| part.method.role != Role::Factory).enumerate();
    let checks = takes.filter(|(index, part)| *index > 0 && part.takes_events()).map(|(index, part)| {
        let span = part.method.function.sig.inputs.first().map_or(part.method.name().span(), Spanned::span);
        quote_spanned! {span=>
            const _: () = if #agent::is_taken_before(METHODS, #index) {
                ::core::panic!("{}", #agent::taken_before(METHODS, #index).as_str())
            };
        }
    });
    checks.collect()
}

/// A method of a node, with what its expansion needs to know.
struct Part<'a> {
    agent: &'a TokenStream,
    ty: &'a Type,
    method: &'a Method,
    /// The type that stands for it.
    marker: Ident,
    /// Of a `#[handler]`: the type without its `&`, and whether that is there.
    input: Option<(&'a Type, bool)>,
}

impl Part<'_> {
    fn takes_events(&self) -> bool {
        matches!(self.method.role, Role::Handler | Role::Respond)
    }

    /// The parameters that are extracted: all, in a hook, and those behind the first, in the others.
    fn extracted(&self) -> impl Iterator<Item = &Type> {
        let first = usize::from(!matches!(self.method.role, Role::Started | Role::Stopped));
        self.method.function.sig.inputs.iter().skip(first).filter_map(|input| match input {
            FnArg::Typed(parameter) => Some(&*parameter.ty),
            FnArg::Receiver(_) => None,
        })
    }

    fn run(&self) -> TokenStream {
        let (agent, marker) = (self.agent, &self.marker);
        match self.method.role {
            Role::Respond => quote!(#agent::Responds<#marker>),
            _ => quote!(#agent::Handles<#marker>),
        }
    }

    fn shape(&self) -> Option<TokenStream> {
        let (agent, ty, marker) = (self.agent, self.ty, &self.marker);
        let name = self.method.name().to_string();
        let kind = match self.method.role {
            Role::Factory => return None,
            Role::Handler => quote!(handler),
            Role::Respond => quote!(respond),
            Role::Started | Role::Stopped => quote!(hook),
        };
        Some(quote!(#agent::MethodShape::#kind::<#ty, #marker>(#name)))
    }

    fn implementation(&self) -> TokenStream {
        let (agent, marker) = (self.agent, &self.marker);
        let runtime = quote!(#agent::atoms_runtime);
        let parameters = self.extracted().enumerate().map(|(index, ty)| {
            let ty = self.named(ty);
            quote! {
                impl #runtime::__private::HandlerParam<#index> for #marker {
                    type Type = #ty;
                }
            }
        });
        let count = self.extracted().count();
        let params = quote!(type Params = #runtime::__private::Parameters<Self, #count>;);
        let body = match self.method.role {
            Role::Handler | Role::Started | Role::Stopped => self.handler(&runtime, &params),
            Role::Respond => self.respond(&runtime, &params),
            Role::Factory => self.factory(&runtime, &params),
        };
        quote! {
            struct #marker;
            #(#parameters)*
            #body
        }
    }

    /// `fn info`, which describes the method.
    fn info(&self, runtime: &TokenStream, describe: TokenStream) -> TokenStream {
        let path = format!("::{}::{}", types::text(self.ty), self.method.name());
        quote! {
            fn info() -> &'static #runtime::HandlerInfo {
                static INFO: #runtime::HandlerInfo = #describe(
                    ::core::concat!(::core::module_path!(), #path),
                    ::core::file!(),
                    ::core::line!(),
                );
                &INFO
            }
        }
    }

    fn output(&self) -> TokenStream {
        let name = self.method.name();
        let output = types::returned(&self.method.function.sig.output);
        output.map_or_else(|| quote_spanned!(name.span()=> ()), |output| self.named(output))
    }

    fn handler(&self, runtime: &TokenStream, params: &TokenStream) -> TokenStream {
        let (agent, ty, marker) = (self.agent, self.ty, &self.marker);
        let output = self.output();
        let (input, by_value) = match self.input {
            Some((input, by_value)) => (self.named(input), Some(by_value)),
            None => (quote!(#agent::Init), None),
        };
        let event = Ident::new("input", Span::mixed_site());
        let argument = match by_value {
            Some(true) => quote!(#runtime::Input::copy(#event),),
            Some(false) => quote!(#event,),
            None => TokenStream::new(),
        };
        let consumes = by_value == Some(true);
        let info = self.info(runtime, quote!(#agent::describe::<#ty, #marker>));
        let call = self.call(&argument, runtime);
        quote! {
            impl #agent::Method<#ty> for #marker {
                type Input = #input;
                #params
                type Output = #output;
                const CONSUMES: ::core::primitive::bool = #consumes;
                #runtime::__finish! { #input, #output }
                #info
                #call
            }
        }
    }

    /// `fn call` of a handler or a hook.
    fn call(&self, argument: &TokenStream, runtime: &TokenStream) -> TokenStream {
        let (ty, name) = (self.ty, self.method.name());
        let [node, event] = ["node", "input"].map(|name| Ident::new(name, Span::mixed_site()));
        let extracted = self.names();
        let wait = self.method.is_async().then(|| quote!(.await));
        let future = quote_spanned! {name.span()=>
            impl ::core::future::Future<Output = Self::Output> + ::core::marker::Send + 'a
        };
        quote! {
            #[allow(clippy::unused_unit, unused_variables)]
            fn call<'a>(
                #node: &'a mut #ty,
                #event: &'a Self::Input,
                (#(#extracted,)*): <Self::Params as #runtime::Params>::Values,
            ) -> #future {
                async move { <#ty>::#name(#node, #argument #(#extracted),*)#wait }
            }
        }
    }

    fn respond(&self, runtime: &TokenStream, params: &TokenStream) -> TokenStream {
        let (agent, ty, marker, name) = (self.agent, self.ty, &self.marker, self.method.name());
        let info = self.info(runtime, quote!(#agent::describe_respond::<#ty, #marker>));
        let [node, request, say] =
            ["node", "request", "say"].map(|name| Ident::new(name, Span::mixed_site()));
        let extracted = self.names();
        let wait = self.method.is_async().then(|| quote!(.await));
        let returned = types::returned(&self.method.function.sig.output);
        let span = returned.map_or(name.span(), Spanned::span);
        // With the span of the type, where rustc is to tell of a stream of something else.
        let texts = Ident::new("__texts", span);
        let is_result = returned.is_some_and(|returned| types::is_named(returned, "Result"));
        let unwrapped = is_result.then(
            || quote!(let #texts = #texts.map_err(::core::convert::Into::<#runtime::HandlerError>::into)?;),
        );
        let said = quote_spanned!(span=> #say.all(#texts).await);
        quote! {
            impl #agent::Respond<#ty> for #marker {
                #params
                #info
                fn call<'a>(
                    #node: &'a mut #ty,
                    #request: &'a #agent::LlmRequest,
                    (#(#extracted,)*): <Self::Params as #runtime::Params>::Values,
                    #say: #agent::Say<'a>,
                ) -> impl ::core::future::Future<Output = ::core::result::Result<(), #runtime::HandlerError>> + ::core::marker::Send + 'a {
                    async move {
                        let #texts = <#ty>::#name(#node, #request, #(#extracted),*)#wait;
                        #unwrapped
                        #said
                    }
                }
            }
        }
    }

    fn factory(&self, runtime: &TokenStream, params: &TokenStream) -> TokenStream {
        let (agent, ty, marker, name) = (self.agent, self.ty, &self.marker, self.method.name());
        let info = self.info(
            runtime,
            quote!(#agent::describe_factory::<#marker, <#marker as #agent::FactoryMethod<#ty>>::Params>),
        );
        let init = Ident::new("init", Span::mixed_site());
        let extracted = self.names();
        let output = self.output();
        let wait = self.method.is_async().then(|| quote!(.await));
        let argument = (!self.method.function.sig.inputs.is_empty()).then(|| quote!(#init,));
        quote! {
            impl #agent::FactoryMethod<#ty> for #marker {
                #params
                type Output = #output;
                #info
                #[allow(unused_variables)]
                fn call<'a>(
                    #init: &'a #agent::Init,
                    (#(#extracted,)*): <Self::Params as #runtime::Params>::Values,
                ) -> impl ::core::future::Future<Output = Self::Output> + ::core::marker::Send + 'a {
                    async move { <#ty>::#name(#argument #(#extracted),*)#wait }
                }
            }
        }
    }

    /// Local names for the extracted parameters that no name of the user's can meet.
    fn names(&self) -> Vec<Ident> {
        let names = (0..self.extracted().count()).map(|index| format!("p{index}"));
        names.map(|name| Ident::new(&name, Span::mixed_site())).collect()
    }

    /// The type with the node's own in the place of `Self`, which means something else where it goes.
    fn named(&self, ty: &Type) -> TokenStream {
        without_self(ty.to_token_stream(), self.ty)
    }
}

fn without_self(tokens: TokenStream, ty: &Type) -> TokenStream {
    let replaced = tokens.into_iter().map(|token| match token {
        TokenTree::Ident(ident) if ident == "Self" => quote_spanned!(ident.span()=> #ty),
        TokenTree::Group(group) => {
            let mut inner = Group::new(group.delimiter(), without_self(group.stream(), ty));
            inner.set_span(group.span());
            TokenTree::Group(inner).into()
        }
        token => token.into(),
    });
    replaced.collect()
}
