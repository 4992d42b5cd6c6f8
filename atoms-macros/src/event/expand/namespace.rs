//! The warning of a type without a namespace.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::{Attribute, LitStr};

use super::super::model::Event;
use super::super::type_string::{has_namespace, own_namespace};
use crate::common::attributes;

/// A use of something deprecated, which is the only warning that a macro can give.
pub(super) fn warning(event: &Event<'_>, literal: &LitStr) -> Option<TokenStream> {
    if !warns(event, literal) {
        return None;
    }
    let text = literal.value();
    let note = format!(
        "`{text}` may collide with an event that the framework adds later; \
         write `{}.{text}`, or put `#[allow(deprecated)]` on the event",
        own_namespace(),
    );
    let used = quote_spanned!(literal.span()=> type_without_namespace);
    Some(quote! {
        #[deprecated(note = #note)]
        #[allow(non_upper_case_globals)]
        const type_without_namespace: () = ();
        const _: () = #used;
    })
}

fn warns(event: &Event<'_>, literal: &LitStr) -> bool {
    !has_namespace(&literal.value()) && !event.keys.framework
}

/// Turns `expect(deprecated)` into `allow(deprecated)` on the struct. It is fulfilled in the code beside the struct.
pub(super) fn allow_what_is_expected(event: &Event<'_>, literal: &LitStr, attributes: &mut [Attribute]) {
    if warns(event, literal) {
        for attribute in
            attributes.iter_mut().filter(|attribute| attributes::expects(attribute, "deprecated"))
        {
            *attribute = attributes::allowed(attribute);
        }
    }
}
