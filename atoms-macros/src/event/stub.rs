//! What an event with mistakes expands to: the errors, the item as it was, and stubs of all that an event implements, so
//! that its handlers, and code that emits it, cause no further errors.

use std::{mem, slice};

use proc_macro2::{Group, TokenStream, TokenTree};
use quote::{ToTokens, TokenStreamExt, quote};
use syn::punctuated::Punctuated;
use syn::{Attribute, Data, DataStruct, DeriveInput, Field, Fields, Token, Type, parse_quote};

use super::expand::{self, retain, without_helpers};
use super::model::Event;
use super::parse::is_helper_path;
use super::{Form, serde};
use crate::common::attributes::{self, Conditional};
use crate::common::implement;

pub(crate) fn stub(event: &Event<'_>, errors: syn::Error) -> TokenStream {
    let errors = errors.into_compile_error();
    let item = (event.form != Form::Derive).then(|| given_back(event));
    let stubs = stubs(event);
    quote! {
        #item
        #errors
        const _: () = { #stubs };
    }
}

/// The stubs beside a struct that does not parse. `event` has its name, and no fields.
pub(crate) fn unfinished(event: &Event<'_>) -> TokenStream {
    let stubs = stubs(event);
    quote!(const _: () = { #stubs };)
}

fn given_back(event: &Event<'_>) -> DeriveInput {
    let mut item = without_helpers(event.item);
    retain(&mut item, |attribute| !attributes::conditional(slice::from_ref(attribute)).iter().any(is_helper));
    if !event.derives("Serialize") && !event.derives("Deserialize") {
        retain(&mut item, |attribute| !is_serdes(attribute));
    }
    for attribute in item.attrs.iter_mut().filter(|attribute| attribute.path().is_ident("derive")) {
        let mut paths = attributes::paths(attribute);
        paths.retain(|path| !attributes::ends_with(path, "Event"));
        *attribute = parse_quote!(#[derive(#(#paths),*)]);
    }
    leave_out_repeated(&mut item);
    name_lifetimes(&mut item);
    item
}

/// Leaves out a field whose name an earlier one has: rustc would report it once more.
fn leave_out_repeated(item: &mut DeriveInput) {
    let Data::Struct(DataStruct { fields: Fields::Named(fields), .. }) = &mut item.data else { return };
    let mut kept = Punctuated::<Field, Token![,]>::new();
    for field in mem::take(&mut fields.named) {
        let has_cfg = |field: &Field| field.attrs.iter().any(|attribute| attribute.path().is_ident("cfg"));
        if !kept.iter().any(|other| other.ident == field.ident && !(has_cfg(other) && has_cfg(&field))) {
            kept.push(field);
        }
    }
    fields.named = kept;
}

/// Makes references without a lifetime `'static`: rustc would report them once more.
fn name_lifetimes(item: &mut DeriveInput) {
    let Data::Struct(DataStruct { fields, .. }) = &mut item.data else { return };
    for field in fields {
        let named = with_lifetimes(field.ty.to_token_stream());
        field.ty = Type::Verbatim(named);
    }
}

fn with_lifetimes(tokens: TokenStream) -> TokenStream {
    let mut named = TokenStream::new();
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        let is_reference = is_punct(Some(&token), '&');
        named.append(match token {
            TokenTree::Group(group) => {
                let mut inner = Group::new(group.delimiter(), with_lifetimes(group.stream()));
                inner.set_span(group.span());
                TokenTree::Group(inner)
            }
            other => other,
        });
        if is_reference && !is_punct(tokens.peek(), '\'') {
            named.extend(quote!('static));
        }
    }
    named
}

fn is_punct(token: Option<&TokenTree>, of: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == of)
}

fn is_helper(conditional: &Conditional) -> bool {
    is_helper_path(conditional.meta.path())
}

fn is_serdes(attribute: &Attribute) -> bool {
    attribute.path().is_ident("serde") || !serde::conditional(slice::from_ref(attribute)).is_empty()
}

fn stubs(event: &Event<'_>) -> TokenStream {
    let is_attribute = event.form != Form::Derive;
    let clone = (is_attribute && !event.derives("Clone")).then(|| clone(event));
    let writes_debug = is_attribute || event.has_sensitive_field();
    let debug = (writes_debug && !event.derives("Debug")).then(|| debug(event));
    let serialize = (is_attribute && !event.derives("Serialize")).then(|| serialize(event));
    let deserialize = (is_attribute && !event.derives("Deserialize")).then(|| deserialize(event));
    let new = expand::constructor(event, &unreachable());
    let implementation = implementation(event);
    quote!(#clone #debug #serialize #deserialize #new #implementation)
}

fn implement(
    event: &Event<'_>,
    lifetime: Option<TokenStream>,
    path: TokenStream,
    body: TokenStream,
) -> TokenStream {
    implement::implement(event.item, lifetime, path, body)
}

fn unreachable() -> TokenStream {
    quote!(::core::unreachable!("the event did not compile"))
}

fn clone(event: &Event<'_>) -> TokenStream {
    let body = unreachable();
    implement(event, None, quote!(::core::clone::Clone), quote!(fn clone(&self) -> Self { #body }))
}

fn debug(event: &Event<'_>) -> TokenStream {
    let body = unreachable();
    let body = quote! {
        fn fmt(&self, _: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result { #body }
    };
    implement(event, None, quote!(::core::fmt::Debug), body)
}

fn serialize(event: &Event<'_>) -> TokenStream {
    let (serde, body) = (serde_path(event), unreachable());
    let body = quote! {
        fn serialize<__S: #serde::Serializer>(&self, _: __S) -> ::core::result::Result<__S::Ok, __S::Error> { #body }
    };
    implement(event, None, quote!(#serde::Serialize), body)
}

fn deserialize(event: &Event<'_>) -> TokenStream {
    let (serde, body) = (serde_path(event), unreachable());
    let body = quote! {
        fn deserialize<__D: #serde::Deserializer<'__de>>(_: __D) -> ::core::result::Result<Self, __D::Error> { #body }
    };
    implement(event, Some(quote!('__de)), quote!(#serde::Deserialize<'__de>), body)
}

fn serde_path(event: &Event<'_>) -> TokenStream {
    let root = &event.keys.root;
    quote!(#root::__private::serde)
}

fn implementation(event: &Event<'_>) -> TokenStream {
    let (root, body) = (&event.keys.root, unreachable());
    let name = event.item.ident.to_string().into_token_stream();
    let kind = match (&event.keys.reply, event.form) {
        (Some(Ok(reply)), Form::Request) => quote!(#root::Asked<#reply>),
        (_, Form::Request) => quote!(#root::__private::AskedForUnknown),
        _ => quote!(#root::Emitted),
    };
    let body = quote! {
        type Kind = #kind;
        const TYPE: &'static ::core::primitive::str = #name;
        // What the mistake is in may go anywhere.
        const FLOW: #root::Flow =
            #root::Flow { from_client: true, to_client: true, from_bus: true, to_bus: true, interruptible: false };
        // No version: what upcasts this event has no mistake of its own.
        const VERSION: ::core::primitive::u32 = 0;
        fn event_type() -> &'static #root::EventType { #body }
    };
    implement(event, None, quote!(#root::Event), body)
}
