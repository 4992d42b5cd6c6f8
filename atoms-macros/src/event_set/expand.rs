//! ```text
//! enum OrderEvent { Created(OrderCreated), Cancelled(Envelope<OrderCancelled>) }   // without `#[other]`
//!
//! const _: () = {
//!     struct __Types;                     // not public, so that the events need not be
//!     impl Variant<0> for __Types { type Held = OrderCreated; }
//!     impl From<OrderCreated> for OrderEvent { ... }
//!     impl<E> Has<E, 0> for OrderEvent where OrderCreated: Holds<E> {}    // without `#[other]`
//!     const TYPE_STRINGS: &[(usize, &str)] = &[(0, ...), (1, ...)];
//!     const _: () = assert_new(TYPE_STRINGS, 1, ...);
//!     ::atoms::__event_set! { OrderEvent, __Types, [Created = 0, Cancelled = 1], open: false }
//!     ::atoms::__event_set_closed! { ... }                                         // or `_open!`
//!     ::atoms::__event_set_clone! { ... }                                          // unless it is derived
//!     ::atoms::__event_set_debug! { ... }
//! };
//! ```

use proc_macro2::{Literal, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Data, DeriveInput};

use super::model::{Member, Members, Set};
use super::parse;
use crate::common::attributes;

pub(crate) fn expand(set: &Set<'_>, members: &Members<'_>) -> TokenStream {
    let item = given_back(set);
    let cfgs = attributes::cfgs(&set.item.attrs);
    let levels = attributes::levels(&set.item.attrs);
    let types = types(set, members);
    let conversions = conversions(set, members);
    let declarations = members.other.is_none().then(|| declarations(set, members));
    let distinct = distinct(set, members);
    let calls = calls(set, members);
    quote! {
        #item
        #(#cfgs)*
        #(#levels)*
        #[allow(deprecated)]
        const _: () = {
            struct __Types;
            #types
            #conversions
            #declarations
            #distinct
            #calls
        };
    }
}

/// The enum without `#[other]`.
pub(super) fn given_back(set: &Set<'_>) -> DeriveInput {
    let mut item = set.item.clone();
    item.attrs.retain(|attribute| !parse::is_set(attribute));
    if let Data::Enum(data) = &mut item.data {
        for variant in &mut data.variants {
            variant.attrs.retain(|attribute| !parse::is_other(attribute));
        }
    }
    item
}

/// The types that the variants hold, by their places.
fn types(set: &Set<'_>, members: &Members<'_>) -> TokenStream {
    let root = &set.root;
    let of_events = members.of_events.iter().enumerate().map(|(place, member)| {
        let (cfgs, held) = (member.cfgs(), member.held);
        quote! {
            #cfgs
            impl #root::__private::set::Variant<#place> for __Types {
                type Held = #held;
            }
        }
    });
    let other = members.other.iter().map(|member| {
        let held = member.held;
        quote! {
            impl #root::__private::set::Other for __Types {
                type Held = #held;
            }
        }
    });
    of_events.chain(other).collect()
}

/// `From<Event> for Set`, for each.
pub(super) fn conversions(set: &Set<'_>, members: &Members<'_>) -> TokenStream {
    let name = &set.item.ident;
    let conversions = members.of_events.iter().map(|member| {
        let (cfgs, held, variant) = (member.cfgs(), member.held, &member.syntax.ident);
        // rustc reports a type under two names at the second one.
        let conversion = quote_spanned! {place_of(member)=>
            impl ::core::convert::From<#held> for #name {
                fn from(event: #held) -> Self {
                    Self::#variant(event)
                }
            }
        };
        quote!(#cfgs #[automatically_derived] #conversion)
    });
    conversions.collect()
}

/// Implements for `Emitter<Set>` that the set has the event.
fn declarations(set: &Set<'_>, members: &Members<'_>) -> TokenStream {
    let (root, name) = (&set.root, &set.item.ident);
    let declarations = members.of_events.iter().enumerate().map(|(place, member)| {
        let (cfgs, held) = (member.cfgs(), member.held);
        quote! {
            #cfgs
            #[automatically_derived]
            impl<__E: #root::Event> #root::__private::set::Has<__E, #place> for #name
            where
                #held: #root::__private::set::Holds<__E>,
            {}
        }
    });
    declarations.collect()
}

/// Asserts that no two variants hold one event under two names.
fn distinct(set: &Set<'_>, members: &Members<'_>) -> TokenStream {
    let root = &set.root;
    let listed = members.of_events.iter().enumerate().map(|(place, member)| {
        let cfgs = member.cfgs();
        quote!(#cfgs (#place, __set::type_string::<__Types, #place>()))
    });
    let asserted = members.of_events.iter().enumerate().map(|(place, member)| {
        let cfgs = member.cfgs();
        let assertion = quote_spanned! {place_of(member)=>
            __set::assert_new(TYPE_STRINGS, #place, __set::type_string::<__Types, #place>())
        };
        quote!(#cfgs const _: () = #assertion;)
    });
    quote! {
        // So that the assertions begin at the variant, and not with the path to the runtime.
        use #root::__private::set as __set;
        const TYPE_STRINGS: &[(::core::primitive::usize, &::core::primitive::str)] = &[#(#listed),*];
        #(#asserted)*
    }
}

/// The calls of the macros that implement the traits.
fn calls(set: &Set<'_>, members: &Members<'_>) -> TokenStream {
    let (root, name) = (&set.root, &set.item.ident);
    let variants = members.of_events.iter().enumerate().map(|(place, member)| {
        let (cfgs, variant, place) = (member.cfgs(), &member.syntax.ident, Literal::usize_unsuffixed(place));
        quote!(#cfgs #variant = #place)
    });
    let common = quote!(#name, __Types, [#(#variants),*]);
    let other = members.other.as_ref().map(|member| &member.syntax.ident);
    let is_open = other.is_some();
    let conversion = match other {
        Some(other) => quote!(#root::__event_set_open! { #common, #other }),
        None => quote!(#root::__event_set_closed! { #common }),
    };
    let comma_other = other.map(|other| quote!(, #other));
    let clone = (!set.derives("Clone")).then(|| quote!(#root::__event_set_clone! { #common #comma_other }));
    let debug = (!set.derives("Debug")).then(|| quote!(#root::__event_set_debug! { #common #comma_other }));
    quote! {
        #root::__event_set! { #common, open: #is_open #other }
        #conversion
        #clone
        #debug
    }
}

/// The span of the type in a variant, marked as generated code, so that lints leave it alone.
fn place_of(member: &Member<'_>) -> Span {
    Span::call_site().located_at(member.held.span())
}

impl Member<'_> {
    /// The `#[cfg]`s on the variant, which what is generated for it has, too.
    fn cfgs(&self) -> TokenStream {
        let cfgs = attributes::cfgs(&self.syntax.attrs);
        quote!(#(#cfgs)*)
    }
}
