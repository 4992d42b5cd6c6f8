//! `#[handler]`.

mod check;
mod delivery;
mod expand;
mod identity;
mod meant;
mod model;
mod parse;
mod retry;
mod stub;

use proc_macro2::{TokenStream, TokenTree};
use quote::quote;
use syn::{ItemFn, TraitItemFn};

use crate::common::unfinished::{self, OfFunction};
use crate::common::{Mistakes, mistake};
use model::{Handler, Input};
use parse::Options;

pub(crate) fn attribute(args: TokenStream, item: TokenStream) -> TokenStream {
    if has_no_body(&item) { without_body(item) } else { unfinished::attribute::<Attribute>(args, item) }
}

enum Attribute {}

impl OfFunction for Attribute {
    type Options = Options;

    const OWN: &'static str = "#[handler]";
    const MISPLACED: &'static str =
        "a handler is a function\nhelp: put `#[handler]` on a `fn` whose first parameter is an event";

    fn options(args: TokenStream, mistakes: &mut Mistakes) -> Options {
        parse::options(args, mistakes)
    }

    fn expand(options: Options, mut function: ItemFn, mistakes: Mistakes) -> TokenStream {
        mark(&mut function.sig, |span| options.root.at(span));
        let handler = Handler::new(options, &function);
        match check::check(&handler, mistakes) {
            Ok(input) => expand::expand(&handler, input),
            Err(errors) => stub::stub(&handler, errors),
        }
    }

    fn stub(options: Options, function: &ItemFn) -> TokenStream {
        stub::unfinished(&Handler::new(options, function))
    }
}

/// Whether it is a function without a body.
fn has_no_body(item: &TokenStream) -> bool {
    let last = item.clone().into_iter().last();
    let ends = matches!(last, Some(TokenTree::Punct(punct)) if punct.as_char() == ';');
    ends && syn::parse2::<TraitItemFn>(item.clone()).is_ok_and(|function| function.default.is_none())
}

/// What a function without a body expands to. In a trait, nothing can stand beside it.
fn without_body(item: TokenStream) -> TokenStream {
    let name = unfinished::name(&item, "fn").map(|(_, name)| name);
    let help =
        "write the body: a handler is a free function, or, in an `impl` block with `#[node]`, a method";
    let error = mistake(&name, format_args!("the handler `{}` has no body", quote!(#name)), help);
    let error = error.into_compile_error();
    let function =
        item.into_iter().filter(|token| !matches!(token, TokenTree::Punct(punct) if punct.as_char() == ';'));
    let function: TokenStream = function.collect();
    quote!(#error #[allow(unused_variables)] #function { ::core::unreachable!("the handler did not compile") })
}

pub(crate) use check::parameters;
pub(crate) use meant::{mark, mend};

/// Returns what a handler with this signature takes, if nothing is wrong.
pub(crate) fn signature(function: &ItemFn) -> syn::Result<Input<'_>> {
    check::check(&Handler::new(Options::default(), function), Mistakes::default())
}
