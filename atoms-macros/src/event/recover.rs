//! What an event with mistakes expands to: the mistakes, the struct, and implementations without
//! content, so that code that uses the event is not reported as well.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Data, DeriveInput, Generics, parse_quote};

use super::model::Model;

pub(super) fn attribute(model: &Model<'_>, errors: TokenStream) -> TokenStream {
    let item = without_helpers(model);
    let implementations = ["Clone", "Debug", "Serialize", "Deserialize"]
        .into_iter()
        .filter(|name| model.user_derive(name).is_none())
        .map(|name| implementation(model, name));
    let event = event(model);
    quote!(#errors #item #(#implementations)* #event)
}

pub(super) fn derive(model: &Model<'_>, errors: TokenStream) -> TokenStream {
    let debug = model.has_sensitive().then(|| implementation(model, "Debug"));
    let event = event(model);
    quote!(#errors #debug #event)
}

/// The item without attributes that only the derives of a sound event would understand.
fn without_helpers(model: &Model<'_>) -> DeriveInput {
    let keeps_serde = model.user_derive("Serialize").is_some() || model.user_derive("Deserialize").is_some();
    let retain = |attrs: &mut Vec<syn::Attribute>| {
        attrs
            .retain(|attr| !attr.path().is_ident("event") && (keeps_serde || !attr.path().is_ident("serde")));
    };
    let mut item = model.input.clone();
    retain(&mut item.attrs);
    match &mut item.data {
        Data::Struct(data) => data.fields.iter_mut().for_each(|field| retain(&mut field.attrs)),
        Data::Enum(data) => {
            for variant in &mut data.variants {
                retain(&mut variant.attrs);
                variant.fields.iter_mut().for_each(|field| retain(&mut field.attrs));
            }
        }
        Data::Union(data) => data.fields.named.iter_mut().for_each(|field| retain(&mut field.attrs)),
    }
    item
}

/// The item's generics, so that each parameter will do for an event.
fn generics(model: &Model<'_>) -> Generics {
    let mut generics = model.input.generics.clone();
    for parameter in generics.type_params_mut() {
        parameter.bounds.push(parse_quote!(::core::marker::Send));
        parameter.bounds.push(parse_quote!(::core::marker::Sync));
        parameter.bounds.push(parse_quote!('static));
    }
    generics
}

fn implementation(model: &Model<'_>, name: &str) -> TokenStream {
    let (ident, root) = (&model.input.ident, &model.root);
    let serde = quote!(#root::__private::serde);
    let mut generics = generics(model);
    let (_, arguments, _) = model.input.generics.split_for_impl();
    if name == "Deserialize" {
        generics.params.insert(0, parse_quote!('de));
    }
    let (parameters, _, bounds) = generics.split_for_impl();
    let (of, body) = match name {
        "Clone" => (
            quote!(::core::clone::Clone),
            quote!(
                fn clone(&self) -> Self {
                    ::core::unreachable!()
                }
            ),
        ),
        "Debug" => (
            quote!(::core::fmt::Debug),
            quote!(
                fn fmt(&self, _: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                    ::core::unreachable!()
                }
            ),
        ),
        "Serialize" => (
            quote!(#serde::Serialize),
            quote! {
                fn serialize<S: #serde::Serializer>(&self, _: S) -> ::core::result::Result<S::Ok, S::Error> {
                    ::core::unreachable!()
                }
            },
        ),
        _ => (
            quote!(#serde::Deserialize<'de>),
            quote! {
                fn deserialize<D: #serde::Deserializer<'de>>(_: D) -> ::core::result::Result<Self, D::Error> {
                    ::core::unreachable!()
                }
            },
        ),
    };
    let cfgs = model.cfgs();
    quote!(#(#cfgs)* impl #parameters #of for #ident #arguments #bounds { #body })
}

fn event(model: &Model<'_>) -> TokenStream {
    let (ident, root, cfgs) = (&model.input.ident, &model.root, model.cfgs());
    if model.input.generics.lifetimes().next().is_some() {
        // Such a type is not `'static`, and nothing could make it an event.
        return TokenStream::new();
    }
    let generics = generics(model);
    let (parameters, arguments, bounds) = generics.split_for_impl();
    quote! {
        #(#cfgs)*
        impl #parameters #root::Event for #ident #arguments #bounds {
            const TYPE: &'static ::core::primitive::str = "";
            fn event_type() -> &'static #root::EventType {
                ::core::unreachable!()
            }
        }
    }
}
