//! What a method of a node expands to.

use proc_macro2::{Group, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{FnArg, Type};

use crate::common::{Extracted, types};
use crate::node::model::Method;
use crate::node::parse::Role;

/// A method of a node, with what its expansion needs.
pub(super) struct Part<'a> {
    pub(super) agent: &'a TokenStream,
    pub(super) ty: &'a Type,
    pub(super) method: &'a Method,
    /// The type that stands for it.
    pub(super) marker: Ident,
    /// The input of a `#[handler]` or a `#[respond]`: the type without its `&`, and whether it is by value.
    pub(super) input: Option<(&'a Type, bool)>,
}

impl Part<'_> {
    pub(super) fn takes_events(&self) -> bool {
        matches!(self.method.role, Role::Handler | Role::Respond)
    }

    /// The extracted parameters: all of `#[started]` and `#[stopped]`, and those after the first of the others.
    pub(super) fn extracted(&self) -> impl Iterator<Item = &Type> {
        let first = usize::from(!matches!(self.method.role, Role::Started | Role::Stopped));
        self.method.function.sig.inputs.iter().skip(first).filter_map(|input| match input {
            FnArg::Typed(parameter) => Some(&*parameter.ty),
            FnArg::Receiver(_) => None,
        })
    }

    pub(super) fn run(&self) -> TokenStream {
        let (agent, marker) = (self.agent, &self.marker);
        let run = match self.method.role {
            Role::Respond => quote!(#agent::Responds<#marker>),
            _ => quote!(#agent::Handles<#marker>),
        };
        match &self.method.options.timeout {
            Some((_, timeout)) => {
                let runtime = quote!(#agent::atoms_runtime);
                let millis = timeout.expand(&runtime, "millis", |millis| quote!(#millis));
                quote!(#agent::Timed<#run, { #millis }>)
            }
            None => run,
        }
    }

    pub(super) fn shape(&self) -> TokenStream {
        let (agent, ty, marker) = (self.agent, self.ty, &self.marker);
        let name = self.method.name().to_string();
        let kind = match self.method.role {
            Role::Factory => quote!(factory),
            Role::Handler => quote!(handler),
            Role::Respond => quote!(respond),
            Role::Started | Role::Stopped => quote!(hook),
        };
        quote!(#agent::MethodShape::#kind::<#ty, #marker>(#name))
    }

    pub(super) fn implementation(&self) -> TokenStream {
        let (agent, marker) = (self.agent, &self.marker);
        let runtime = quote!(#agent::atoms_runtime);
        let extracted = Extracted::new(&runtime, self.extracted().map(|ty| self.named(ty)));
        let parameters = extracted.types_of(marker);
        let body = match self.method.role {
            Role::Handler | Role::Started | Role::Stopped => self.handler(&runtime, &extracted),
            Role::Respond => self.respond(&runtime, &extracted),
            Role::Factory => self.factory(&runtime, &extracted),
        };
        quote! {
            struct #marker;
            #parameters
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

    fn handler(&self, runtime: &TokenStream, extracted: &Extracted) -> TokenStream {
        let (agent, ty, marker) = (self.agent, self.ty, &self.marker);
        let output = self.output();
        let event = Ident::new("input", Span::mixed_site());
        let (input, argument, by_value) = self.event(runtime, &event);
        let consumes = by_value == Some(true);
        let info = self.info(runtime, quote!(#agent::describe::<#ty, #marker>));
        let (params, call) = (extracted.params(), self.call(&argument, extracted));
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
    fn call(&self, argument: &TokenStream, extracted: &Extracted) -> TokenStream {
        let (ty, name) = (self.ty, self.method.name());
        let [node, event] = ["node", "input"].map(|name| Ident::new(name, Span::mixed_site()));
        let (names, extracted) = (&extracted.names, extracted.argument());
        let wait = self.method.is_async().then(|| quote!(.await));
        let future = quote_spanned! {name.span()=>
            impl ::core::future::Future<Output = Self::Output> + ::core::marker::Send + 'a
        };
        quote! {
            #[allow(clippy::unused_unit, unused_variables)]
            fn call<'a>(
                #node: &'a mut #ty,
                #event: &'a Self::Input,
                #extracted,
            ) -> #future {
                async move { <#ty>::#name(#node, #argument #(#names),*)#wait }
            }
        }
    }

    fn respond(&self, runtime: &TokenStream, extracted: &Extracted) -> TokenStream {
        let (agent, ty, marker, name) = (self.agent, self.ty, &self.marker, self.method.name());
        let info = self.info(runtime, quote!(#agent::describe_respond::<#ty, #marker>));
        let [node, event, say] = ["node", "input", "say"].map(|name| Ident::new(name, Span::mixed_site()));
        let (names, params, extracted) = (&extracted.names, extracted.params(), extracted.argument());
        let (input, argument, by_value) = self.event(runtime, &event);
        let consumes = by_value == Some(true) || !self.method.options.passes_on;
        let wait = self.method.is_async().then(|| quote!(.await));
        let returned = types::returned(&self.method.function.sig.output);
        let span = returned.map_or(name.span(), Spanned::span);
        // With the span of the type, where rustc reports a stream of something else.
        let texts = Ident::new("__texts", span);
        let unwrapped = unwrapped(returned, &texts, runtime);
        let may_be_silent = !unwrapped.is_empty();
        let said = quote_spanned!(span=> #say.all(#texts).await);
        quote! {
            impl #agent::Respond<#ty> for #marker {
                type Input = #input;
                #params
                const CONSUMES: ::core::primitive::bool = #consumes;
                const MAY_BE_SILENT: ::core::primitive::bool = #may_be_silent;
                #info
                fn call<'a>(
                    #node: &'a mut #ty,
                    #event: &'a Self::Input,
                    #extracted,
                    #say: #agent::Say<'a>,
                ) -> impl ::core::future::Future<Output = ::core::result::Result<(), #runtime::HandlerError>> + ::core::marker::Send + 'a {
                    async move {
                        let #texts = <#ty>::#name(#node, #argument #(#names),*)#wait;
                        #unwrapped
                        #said
                    }
                }
            }
        }
    }

    /// The type of the event that the method takes, the argument for it, and whether that is by value.
    fn event(&self, runtime: &TokenStream, event: &Ident) -> (TokenStream, TokenStream, Option<bool>) {
        let Some((input, by_value)) = self.input else {
            let agent = self.agent;
            return (quote!(#agent::Init), TokenStream::new(), None);
        };
        let argument = if by_value { quote!(#runtime::Input::copy(#event),) } else { quote!(#event,) };
        (self.named(input), argument, Some(by_value))
    }

    fn factory(&self, runtime: &TokenStream, extracted: &Extracted) -> TokenStream {
        let (agent, ty, marker, name) = (self.agent, self.ty, &self.marker, self.method.name());
        let info = self.info(
            runtime,
            quote!(#agent::describe_factory::<#marker, <#marker as #agent::FactoryMethod<#ty>>::Params>),
        );
        let init = Ident::new("init", Span::mixed_site());
        let (names, params, extracted) = (&extracted.names, extracted.params(), extracted.argument());
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
                    #extracted,
                ) -> impl ::core::future::Future<Output = Self::Output> + ::core::marker::Send + 'a {
                    async move { <#ty>::#name(#argument #(#names),*)#wait }
                }
            }
        }
    }

    /// The type with the node's type in place of `Self`, which would mean another type there.
    pub(super) fn named(&self, ty: &Type) -> TokenStream {
        without_self(ty.to_token_stream(), self.ty)
    }
}

/// Takes the stream out of the `Result`s and `Option`s around it. Nothing is said if there is none.
fn unwrapped(mut ty: Option<&Type>, texts: &Ident, runtime: &TokenStream) -> TokenStream {
    let mut layers = TokenStream::new();
    while let Some(outer) = ty {
        if types::is_named(outer, "Result") {
            layers.extend(
                quote!(let #texts = #texts.map_err(::core::convert::Into::<#runtime::HandlerError>::into)?;),
            );
            ty = types::first_of(outer, "Result");
        } else if types::is_named(outer, "Option") {
            layers.extend(quote! {
                let ::core::option::Option::Some(#texts) = #texts else {
                    return ::core::result::Result::Ok(());
                };
            });
            ty = types::first_of(outer, "Option");
        } else {
            break;
        }
    }
    layers
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
