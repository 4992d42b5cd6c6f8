//! `#[event_set]`.

mod check;
mod expand;
mod model;
mod parse;
mod stub;

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::DeriveInput;

use crate::common::Mistakes;
use model::Set;

pub(crate) fn attribute(args: TokenStream, item: TokenStream) -> TokenStream {
    match syn::parse2::<DeriveInput>(item.clone()) {
        Ok(input) => set(args, &input),
        Err(_) => {
            let error = syn::Error::new(
                Span::call_site(),
                "a set of events is an enum\nhelp: put `#[event_set]` on an enum with a variant for each event",
            );
            let error = error.into_compile_error();
            quote!(#error #item)
        }
    }
}

fn set(args: TokenStream, input: &DeriveInput) -> TokenStream {
    let mut mistakes = Mistakes::default();
    let root = parse::root(args, &mut mistakes);
    let set = Set::new(root, input);
    match check::check(&set, mistakes) {
        Ok(members) => expand::expand(&set, &members),
        Err(errors) => stub::stub(&set, errors),
    }
}
