//! Implements what the standard library's derives would. They would show sensitive fields, and let rustc report one
//! wrong type of a field several times.

use proc_macro2::TokenStream;
use quote::quote;
use syn::ext::IdentExt;

use super::super::Form;
use super::super::model::{Event, Field};
use super::fields::Check;
use crate::common::attributes;

/// Which of the two traits are written out.
#[derive(Clone, Copy)]
pub(super) struct Derived<'a> {
    event: &'a Event<'a>,
    check: Option<&'a Check<'a>>,
}

impl<'a> Derived<'a> {
    pub(super) fn new(event: &'a Event<'a>, check: Option<&'a Check<'a>>) -> Self {
        Self { event, check }
    }

    /// Whether a trait is written out because of the types of the fields.
    fn may_be_wrong(self, name: &str) -> bool {
        self.event.form != Form::Derive && self.check.is_some() && !self.event.derives(name)
    }

    pub(super) fn has_clone(self) -> bool {
        self.may_be_wrong("Clone")
    }

    pub(super) fn has_debug(self) -> bool {
        self.event.has_sensitive_field() || self.may_be_wrong("Debug")
    }

    pub(super) fn implementations(self) -> TokenStream {
        let clone =
            self.has_clone().then(|| self.implement(&quote!(::core::clone::Clone), &clone(self.event)));
        let debug = self.has_debug().then(|| self.implement(&quote!(::core::fmt::Debug), &debug(self.event)));
        quote!(#clone #debug)
    }

    fn implement(self, path: &TokenStream, body: &TokenStream) -> TokenStream {
        let name = &self.event.item.ident;
        // If the event derives the rest itself, the check covers this as well.
        let check = self.check.filter(|_| self.event.form != Form::Derive);
        let condition = check.map(Check::condition);
        let attributes = self.event.fields.iter().flat_map(|field| &field.syntax.attrs);
        let allow_deprecated = attributes::allow_deprecated(attributes);
        quote! {
            #[automatically_derived]
            #allow_deprecated
            impl #path for #name #condition {
                #body
            }
        }
    }
}

fn clone(event: &Event<'_>) -> TokenStream {
    let fields = event.fields.iter().map(|field| {
        let (cfgs, ident) = (attributes::cfgs(&field.syntax.attrs), field.ident);
        quote!(#(#cfgs)* #ident: ::core::clone::Clone::clone(&self.#ident),)
    });
    quote! {
        fn clone(&self) -> Self {
            Self { #(#fields)* }
        }
    }
}

fn debug(event: &Event<'_>) -> TokenStream {
    let label = event.item.ident.unraw().to_string();
    let shown = event.fields.iter().map(|field| {
        let (cfgs, label, value) = (attributes::cfgs(&field.syntax.attrs), field.name(), shown(field));
        quote!(#(#cfgs)* (#label, #value))
    });
    let root = &event.keys.root;
    quote! {
        fn fmt(&self, formatter: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
            #root::__private::debug_fields(formatter, #label, &[#(#shown),*])
        }
    }
}

fn shown(field: &Field<'_>) -> TokenStream {
    let ident = field.ident;
    if field.keys.sensitive { quote!(&::core::format_args!("[redacted]")) } else { quote!(&self.#ident) }
}
