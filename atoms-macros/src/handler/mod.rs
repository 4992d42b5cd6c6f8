//! `#[handler]`.

mod check;
mod delivery;
mod expand;
mod model;
mod parse;
mod retry;
mod stub;

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::ItemFn;

use crate::common::{Mistakes, bodies};
use model::{Handler, Input};
use parse::Options;

pub(crate) fn attribute(args: TokenStream, item: TokenStream) -> TokenStream {
    match bodies::function(item.clone()) {
        Ok((function, bodies)) => bodies.of_function(handler(args, &function)),
        Err(_) => {
            let error = syn::Error::new(
                Span::call_site(),
                "a handler is a function\nhelp: put `#[handler]` on a `fn` whose first parameter is an event",
            );
            let error = error.into_compile_error();
            quote!(#error #item)
        }
    }
}

pub(crate) use check::parameters;

/// What a handler with this signature takes, if nothing is wrong with it.
pub(crate) fn signature(function: &ItemFn) -> syn::Result<Input<'_>> {
    check::check(&Handler::new(Options::default(), function), Mistakes::default())
}

fn handler(args: TokenStream, function: &ItemFn) -> TokenStream {
    let mut mistakes = Mistakes::default();
    let options = parse::options(args, &mut mistakes);
    let handler = Handler::new(options, function);
    match check::check(&handler, mistakes) {
        Ok(input) => expand::expand(&handler, input),
        Err(errors) => stub::stub(&handler, errors),
    }
}
