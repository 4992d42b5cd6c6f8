//! `#[event]`, `#[derive(Event)]` and `#[request]`.

mod check;
mod expand;
mod flow;
mod model;
mod parse;
mod serde;
mod stub;

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::DeriveInput;

use crate::common::{Mistakes, type_string, unfinished};
use model::Event;

/// The macros that make an event.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Form {
    /// `#[event]`, which writes the struct anew and adds derives to it.
    Attribute,
    /// `#[derive(Event)]`, which can only add to the struct.
    Derive,
    /// `#[request]`, which is like `#[event]` with a reply.
    Request,
}

impl Form {
    /// The macro as messages name it.
    fn attribute(self) -> &'static str {
        match self {
            Self::Attribute | Self::Derive => "#[event]",
            Self::Request => "#[request]",
        }
    }

    /// What it makes of a struct, as messages name it.
    fn noun(self) -> &'static str {
        match self {
            Self::Attribute | Self::Derive => "an event",
            Self::Request => "a request",
        }
    }
}

pub(crate) fn attribute(form: Form, args: TokenStream, item: TokenStream) -> TokenStream {
    match syn::parse2::<DeriveInput>(item.clone()) {
        Ok(input) => event(form, args, &input),
        Err(_) if unfinished::name(&item, "struct").is_some() => unfinished_struct(form, args, item),
        Err(_) => {
            let (noun, attribute) = (form.noun(), form.attribute());
            let error = syn::Error::new(
                Span::call_site(),
                format_args!(
                    "{noun} is a struct\nhelp: put `{attribute}` on a struct with named fields, or with none"
                ),
            );
            let error = error.into_compile_error();
            quote!(#error #item)
        }
    }
}

/// What a struct that does not parse expands to. rustc reports what is wrong.
fn unfinished_struct(form: Form, args: TokenStream, item: TokenStream) -> TokenStream {
    let mut mistakes = Mistakes::default();
    let keys = parse::keys(form, args, &mut mistakes);
    let stub = unfinished::name(&item, "struct").and_then(|(front, name)| {
        let input = syn::parse2(quote!(#front struct #name {})).ok()?;
        Some(stub::unfinished(&Event::new(form, keys, &input, &mut Mistakes::default())))
    });
    let errors = mistakes.and(Ok(())).err().map(syn::Error::into_compile_error);
    let does_not_build = unfinished::does_not_build(form.attribute());
    let item = unfinished::without(item, &["event", "request", "serde"]);
    quote!(#item #errors #stub #does_not_build)
}

pub(crate) fn derive(item: TokenStream) -> TokenStream {
    match syn::parse2::<DeriveInput>(item) {
        Ok(input) => event(Form::Derive, parse::helpers(&input.attrs), &input),
        Err(error) => error.into_compile_error(),
    }
}

fn event(form: Form, args: TokenStream, input: &DeriveInput) -> TokenStream {
    let mut mistakes = Mistakes::default();
    let keys = parse::keys(form, args, &mut mistakes);
    let event = Event::new(form, keys, input, &mut mistakes);
    match check::check(&event, mistakes) {
        Ok(checked) => expand::expand(&event, &checked),
        Err(errors) => stub::stub(&event, errors),
    }
}
