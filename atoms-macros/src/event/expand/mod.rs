//! ```text
//! #[derive(Clone, Debug, Serialize, Deserialize)]
//! pub struct OrderCreated { ... }                // as it was written, without `#[event]`
//! #[serde(crate = "::atoms::__private::serde")]
//!
//! impl OrderCreated {                            // for each `#[event(default = value)]`
//!     fn __default_currency() -> String { value }
//! }
//! impl OrderCreated {                            // if it says `new`
//!     pub fn new(order_id: String) -> Self { Self { order_id, currency: Self::__default_currency() } }
//! }
//! type __FieldsOfOrderCreated = [(); { ...; 1 }]; // rustc reports a wrong type of a field there
//! impl Clone for OrderCreated where __FieldsOfOrderCreated: { ... }       // and nowhere else
//! impl Debug for OrderCreated where __FieldsOfOrderCreated: { ... }
//! const UPCAST: ... = ::atoms::__private::upcast::<OrderCreated, OldVersion>(...);    // if it upcasts one
//! ::atoms::__event! { OrderCreated, "shop.order.created", ... }
//! ```

mod constructor;
mod derived;
mod fields;
mod item;
mod key;
mod kind;
mod namespace;
mod upcast;

use std::collections::BTreeSet;

use proc_macro2::TokenStream;
use quote::quote;

use super::Form;
use super::check::{Checked, Upcast};
use super::model::Event;
use crate::common::attributes;
use derived::Derived;
use fields::Check;

pub(crate) use constructor::function as constructor;
pub(crate) use item::{retain, without_helpers};

pub(crate) fn expand(event: &Event<'_>, checked: &Checked) -> TokenStream {
    let type_string = &checked.type_string;
    let check = Check::new(event);
    let check = check.as_ref();
    let derived = Derived::new(event, check);
    let item = (event.form != Form::Derive).then(|| item::written_anew(event, type_string, check, derived));
    let defaults = fields::defaults(event);
    let constructor = constructor::constructor(event);
    let derived = derived.implementations();
    let declaration = check.map(Check::declaration);
    let reply_check = reply_check(event);
    let warning = namespace::warning(event, type_string);
    let upcast = checked.upcast.as_ref().map(|upcast| upcast::constant(event, upcast, type_string));
    let call = call(event, checked, check);
    let levels = attributes::levels(&event.item.attrs);
    let allow_deprecated = attributes::allow_deprecated(&event.item.attrs);
    let attributes = quote!(#(#levels)* #allow_deprecated);
    let beside = quote!(#defaults #constructor #derived #warning #upcast);
    let registration = if attributes.is_empty() && beside.is_empty() && event.keys.reply.is_none() {
        call
    } else {
        quote!(#attributes const _: () = { #beside #call };)
    };
    quote! {
        #declaration
        #reply_check
        #item
        #registration
    }
}

/// The call of the macro that implements the trait, registers the event and claims its type string.
fn call(
    event: &Event<'_>,
    Checked { type_string: literal, upcast }: &Checked,
    check: Option<&Check<'_>>,
) -> TokenStream {
    let (root, name, deny) = (&event.keys.root, &event.item.ident, event.denies_unknown_fields());
    let version = upcast.as_ref().map(|Upcast { version, .. }| quote!(, version: #version, UPCAST));
    let must_handle = event.keys.must_handle.then(|| quote!(, must_handle: true));
    let reply = event.keys.reply.as_ref().and_then(|reply| reply.as_ref().ok());
    // rustc would give advice about generics for an unknown type inside of another.
    let alias = reply.map(|reply| quote!(type __Reply = #reply;));
    let reply = reply.map(|_| quote!(, reply: __Reply));
    let sensitive = sensitive(event);
    let fields = check.map(Check::name).map(|name| quote!(, fields: #name));
    let key = key::function(event).map(|function| quote!(, key: { #function }));
    let flow = &event.keys.flow;
    let flow = (!flow.is_empty()).then(|| quote!(, flow: #(#flow)*));
    quote! {
        #alias
        #root::__event! {
            #name, #literal, deny_unknown_fields: #deny, sensitive: [#(#sensitive),*]
            #fields #version #must_handle #key #flow #reply
        }
    }
}

/// rustc reports a mistake in the type of the reply there.
fn reply_check(event: &Event<'_>) -> Option<TokenStream> {
    let reply = event.keys.reply.as_ref()?.as_ref().ok()?;
    let root = &event.keys.root;
    let cfgs = attributes::cfgs(&event.item.attrs);
    let levels = attributes::levels(&event.item.attrs);
    Some(quote! {
        #(#cfgs)* #(#levels)* const _: () = {
            struct __Checked;
            impl #root::__private::HasReply for __Checked {
                type Reply = #reply;
            }
        };
    })
}

/// The names under which a frame may have a sensitive field. The name of a flattened field is empty.
fn sensitive(event: &Event<'_>) -> impl Iterator<Item = String> {
    let fields = event.fields.iter().filter(|field| field.keys.sensitive);
    fields.flat_map(|field| {
        let names = field.serde.names(&field.name(), &event.serde);
        let flattened = field.serde.is_flattened().then(String::new);
        let names = names.deserialize.into_iter().chain(names.serialize).map(|name| name.name);
        names.chain(flattened).collect::<BTreeSet<_>>()
    })
}
