//! `#[event]` and `#[derive(Event)]`.

mod check;
mod expand;
mod model;
mod parse;
mod serde;
mod stub;

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::DeriveInput;

use crate::common::{Mistakes, type_string};
use model::Event;

/// Which of the two macros it is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Form {
    /// `#[event]`, which writes the struct anew and adds derives to it.
    Attribute,
    /// `#[derive(Event)]`, which can only add to the struct.
    Derive,
}

pub(crate) fn attribute(args: TokenStream, item: TokenStream) -> TokenStream {
    match syn::parse2::<DeriveInput>(item.clone()) {
        Ok(input) => event(Form::Attribute, args, &input),
        Err(_) => {
            let error = syn::Error::new(
                Span::call_site(),
                "an event is a struct\nhelp: put `#[event]` on a struct with named fields, or with none",
            );
            let error = error.into_compile_error();
            quote!(#error #item)
        }
    }
}

pub(crate) fn derive(item: TokenStream) -> TokenStream {
    match syn::parse2::<DeriveInput>(item) {
        Ok(input) => event(Form::Derive, parse::helpers(&input.attrs), &input),
        Err(error) => error.into_compile_error(),
    }
}

fn event(form: Form, args: TokenStream, input: &DeriveInput) -> TokenStream {
    let mut mistakes = Mistakes::default();
    let keys = parse::keys(args, &mut mistakes);
    let event = Event::new(form, keys, input, &mut mistakes);
    match check::check(&event, mistakes) {
        Ok(checked) => expand::expand(&event, &checked),
        Err(errors) => stub::stub(&event, errors),
    }
}
