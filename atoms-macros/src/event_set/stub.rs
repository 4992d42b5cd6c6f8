//! What a set with mistakes expands to: the errors, the enum as it was, and stubs of all that a set implements, so that
//! its handlers, and code that emits it, cause no further errors.

use std::collections::HashSet;

use proc_macro2::TokenStream;
use quote::quote;

use super::expand::{conversions, given_back};
use super::model::{Members, Set, Variant};
use crate::common::{implement, types};

pub(crate) fn stub(set: &Set<'_>, errors: syn::Error) -> TokenStream {
    let (errors, item) = (errors.into_compile_error(), given_back(set));
    let traits = traits(set);
    // A generic set has no conversions, since its parameters are unknown.
    let conversions = set.item.generics.params.is_empty().then(|| from_and_into(set));
    quote! {
        #item
        #errors
        #[allow(deprecated)]
        const _: () = {
            #traits
            #conversions
        };
    }
}

fn unreachable() -> TokenStream {
    quote!(::core::unreachable!("the set of events did not compile"))
}

fn implement(set: &Set<'_>, path: TokenStream, body: TokenStream) -> TokenStream {
    implement::implement(set.item, None, path, body)
}

fn traits(set: &Set<'_>) -> TokenStream {
    let (root, unreachable) = (&set.root, unreachable());
    let clone = (!set.derives("Clone")).then(|| {
        implement(set, quote!(::core::clone::Clone), quote!(fn clone(&self) -> Self { #unreachable }))
    });
    let debug = (!set.derives("Debug")).then(|| {
        let body = quote! {
            fn fmt(&self, _: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result { #unreachable }
        };
        implement(set, quote!(::core::fmt::Debug), body)
    });
    let input = input(set);
    let none = quote!(#root::EventTypes = #root::EventTypes::NONE;);
    let event_set = implement(
        set,
        quote!(#root::EventSet),
        quote! {
            type Events = ();
            const EVENTS: #none
        },
    );
    let emitted = quote! {
        type Events = ();
        const EMITS: #none
        fn emit(self, _: &#root::Delivery<'_>) { #unreachable }
    };
    let emissions = implement(set, quote!(#root::Emissions), emitted);
    let place = quote!(#root::__private::Nothing);
    let every = Some(quote!(__E: #root::Event));
    let declares =
        implement::implement(set.item, every, quote!(#root::Declares<__E, #place>), TokenStream::new());
    quote!(#clone #debug #input #event_set #emissions #declares)
}

fn input(set: &Set<'_>) -> TokenStream {
    let (root, unreachable) = (&set.root, unreachable());
    let body = quote! {
        type Held<'__a> = Self;
        type Kind = #root::Emitted;
        const EVENTS: #root::EventTypes = #root::EventTypes::NONE;
        fn from_delivery<'__a>(_: &#root::Delivery<'__a>) -> ::core::option::Option<Self> { #unreachable }
        fn copy(&self) -> Self { #unreachable }
    };
    implement(set, quote!(#root::Input), body)
}

/// The conversions of the set.
fn from_and_into(set: &Set<'_>) -> TokenStream {
    let (root, name, unreachable) = (&set.root, &set.item.ident, unreachable());
    let mut members = Members::of(set);
    let mut seen = HashSet::new();
    members.of_events.retain(|member| !types::is_named(member.held, "AnyEvent"));
    members.of_events.retain(|member| seen.insert(types::text(member.held)));
    let from_events = conversions(set, &members);
    let from_any = if set.variants.iter().any(Variant::is_other) {
        let body = quote!(fn from(_: #root::AnyEvent) -> Self { #unreachable });
        implement(set, quote!(::core::convert::From<#root::AnyEvent>), body)
    } else {
        let body = quote! {
            type Error = #root::NotInSet;
            fn try_from(_: #root::AnyEvent) -> ::core::result::Result<Self, #root::NotInSet> { #unreachable }
        };
        implement(set, quote!(::core::convert::TryFrom<#root::AnyEvent>), body)
    };
    quote! {
        #from_events
        #from_any
        #[automatically_derived]
        impl ::core::convert::From<#name> for #root::AnyEvent {
            fn from(_: #name) -> Self { #unreachable }
        }
    }
}
