//! The struct as `#[event]` gives it back.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{Attribute, Data, DeriveInput, Field, LitStr, Meta, parse_quote};

use super::super::model::Event;
use super::super::parse::is_helper;
use super::derived::Derived;
use super::fields::Check;

pub(super) fn written_anew(
    event: &Event<'_>,
    type_string: &LitStr,
    check: Option<&Check<'_>>,
    derived: Derived<'_>,
) -> TokenStream {
    let mut item = without_helpers(event.item);
    let derives = missing_derives(event, derived);
    let adds_serde = !(event.derives("Serialize") && event.derives("Deserialize"));
    let (serde, alias) =
        if adds_serde && !event.serde.has_crate { serde_path(event) } else { Default::default() };
    let bound = check.filter(|_| !event.serde.has_bound).map(|check| {
        let bound = format!("{}:", check.name());
        quote!(#[serde(bound = #bound)])
    });
    let deny = event.keys.deny_unknown_fields.as_ref().filter(|_| !event.serde.denies_unknown_fields);
    let deny = deny.map(|key| quote!(#[serde(#key)]));
    add_defaults(event, &mut item);
    super::namespace::allow_what_is_expected(event, type_string, &mut item.attrs);
    say_type(type_string, &mut item.attrs);
    let derives = (!derives.is_empty()).then(|| quote!(#[derive(#(#derives),*)]));
    // Serde's attributes come last: they have to stand below the derives that they belong to.
    let attributes = &item.attrs;
    let attributes = quote!(#derives #(#attributes)* #serde #bound #deny);
    item.attrs.clear();
    if !event.keys.root.is_default() {
        return quote!(#alias #attributes #item);
    }
    let root = &event.keys.root;
    let mut bare = item.clone();
    retain(&mut bare, |attribute| attribute.path().is_ident("cfg"));
    quote! {
        #[#root::__private::in_place_of { #attributes #item }]
        #bare
    }
}

/// Whether it is a line of docs, such as `#[doc = "An order."]`.
fn is_doc(attribute: &Attribute) -> bool {
    matches!(&attribute.meta, Meta::NameValue(pair) if pair.path.is_ident("doc"))
}

/// Adds the type string to the docs. An item without docs gets none, since rustc can warn of those.
fn say_type(type_string: &LitStr, attributes: &mut Vec<Attribute>) {
    if let Some(last) = attributes.iter().rposition(is_doc) {
        let text = format!("\n\nIts type on the wire is `{}`.", type_string.value());
        attributes.insert(last + 1, parse_quote!(#[doc = #text]));
    }
}

/// The traits that an event needs and that no `derive` beside `#[event]` names.
fn missing_derives(event: &Event<'_>, derived: Derived<'_>) -> Vec<TokenStream> {
    let root = &event.keys.root;
    let derives = [
        ("Clone", quote!(::core::clone::Clone)),
        ("Debug", quote!(::core::fmt::Debug)),
        ("Serialize", quote!(#root::__private::serde::Serialize)),
        ("Deserialize", quote!(#root::__private::serde::Deserialize)),
    ];
    let needed = derives.into_iter().filter(|(name, _)| {
        let is_written_out = match *name {
            "Clone" => derived.has_clone(),
            "Debug" => derived.has_debug(),
            _ => false,
        };
        !event.derives(name) && !is_written_out
    });
    needed.map(|(_, path)| path).collect()
}

/// `#[serde(crate = "...")]`, and what has to be in scope for it.
///
/// Serde takes the path as a string, in which a `$crate` would lose its meaning.
fn serde_path(event: &Event<'_>) -> (TokenStream, TokenStream) {
    let root = &event.keys.root;
    if !root.is_dollar_crate() {
        let path = root.serde();
        return (quote!(#[serde(crate = #path)]), TokenStream::new());
    }
    let alias = format_ident!("__serde_of_{}", event.item.ident);
    let path = alias.to_string();
    (quote!(#[serde(crate = #path)]), quote!(#[doc(hidden)] use #root::__private::serde as #alias;))
}

fn add_defaults(event: &Event<'_>, item: &mut DeriveInput) {
    let name = item.ident.clone();
    for field in fields_mut(&mut item.data) {
        let described = event.fields.iter().find(|described| Some(described.ident) == field.ident.as_ref());
        if let Some(described) = described.filter(|described| described.keys.default.is_some()) {
            let path = format!("{name}::{}", super::fields::default_function(described));
            let path = LitStr::new(&path, described.ident.span());
            field.attrs.push(parse_quote!(#[serde(default = #path)]));
        }
    }
}

/// The item without `#[event]` on it or in it.
pub(crate) fn without_helpers(item: &DeriveInput) -> DeriveInput {
    let mut item = item.clone();
    retain(&mut item, |attribute| !is_helper(attribute));
    item
}

/// Keeps the attributes on the item and on its fields for which the condition holds.
pub(crate) fn retain(item: &mut DeriveInput, condition: impl Fn(&Attribute) -> bool) {
    item.attrs.retain(&condition);
    if let Data::Enum(data) = &mut item.data {
        data.variants.iter_mut().for_each(|variant| variant.attrs.retain(&condition));
    }
    fields_mut(&mut item.data).for_each(|field| field.attrs.retain(&condition));
}

fn fields_mut(data: &mut Data) -> Box<dyn Iterator<Item = &mut Field> + '_> {
    match data {
        Data::Struct(data) => Box::new(data.fields.iter_mut()),
        Data::Union(data) => Box::new(data.fields.named.iter_mut()),
        Data::Enum(data) => Box::new(data.variants.iter_mut().flat_map(|variant| variant.fields.iter_mut())),
    }
}

#[cfg(test)]
mod tests {
    use quote::ToTokens;

    use super::*;

    fn said(item: DeriveInput) -> String {
        let mut attributes = item.attrs;
        say_type(&LitStr::new("shop.order.created", proc_macro2::Span::call_site()), &mut attributes);
        attributes
            .iter()
            .map(|attribute| attribute.to_token_stream().to_string())
            .collect::<Vec<_>>()
            .join("")
    }

    #[test]
    fn the_docs_of_an_event_show_its_type_string() {
        let said_of = said(parse_quote! {
            /// An order.
            ///
            /// It is new.
            #[doc(alias = "order")]
            #[must_use]
            struct OrderCreated;
        });
        let text =
            r#"" It is new."]# [doc = "\n\nIts type on the wire is `shop.order.created`."]# [doc (alias"#;
        assert!(said_of.contains(text), "{said_of}");
        // rustc may warn of missing docs.
        let without = said(parse_quote! {
            #[doc(hidden)]
            struct OrderCreated;
        });
        assert!(!without.contains("wire"), "{without}");
    }
}
