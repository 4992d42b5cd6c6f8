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

use proc_macro2::{Delimiter, Group, Span, TokenStream, TokenTree};
use quote::quote;
use syn::{ItemFn, TraitItemFn};

use crate::common::{Mistakes, bodies, mistake, unfinished};
use model::{Handler, Input};
use parse::Options;

pub(crate) fn attribute(args: TokenStream, item: TokenStream) -> TokenStream {
    match bodies::function(item.clone()) {
        Ok((mut function, bodies)) => bodies.of_function(handler(args, &mut function)),
        Err(_) if has_no_body(&item) => without_body(item),
        Err(_) if is_unfinished(&item) => unfinished_function(args, item),
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

/// Whether it is a function. In an impl block, where no struct can stand beside it, it is no handler in any case.
fn is_unfinished(item: &TokenStream) -> bool {
    let has_self =
        |group: &Group| group.stream().into_iter().any(|token| unfinished::is_word(&token, "self"));
    let parameters = item.clone().into_iter().find_map(|token| match token {
        TokenTree::Group(group) if group.delimiter() == Delimiter::Parenthesis => Some(group),
        _ => None,
    });
    unfinished::name(item, "fn").is_some() && !parameters.is_some_and(|group| has_self(&group))
}

/// Whether it is a whole function, but for the body.
fn has_no_body(item: &TokenStream) -> bool {
    let last = item.clone().into_iter().last();
    let ends = matches!(last, Some(TokenTree::Punct(punct)) if punct.as_char() == ';');
    ends && syn::parse2::<TraitItemFn>(item.clone()).is_ok_and(|function| function.default.is_none())
}

/// In a trait, too, where nothing can stand beside the function.
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

/// rustc tells what is wrong with a function that does not parse.
fn unfinished_function(args: TokenStream, item: TokenStream) -> TokenStream {
    let mut mistakes = Mistakes::default();
    let options = parse::options(args, &mut mistakes);
    let stub = unfinished::name(&item, "fn").and_then(|(front, name)| {
        let function = syn::parse2(quote!(#front fn #name() {})).ok()?;
        Some(stub::unfinished(&Handler::new(options, &function)))
    });
    let errors = mistakes.and(Ok(())).err().map(syn::Error::into_compile_error);
    let does_not_build = unfinished::does_not_build("#[handler]");
    quote!(#item #errors #stub #does_not_build)
}

pub(crate) use check::parameters;
pub(crate) use meant::{mark, mend};

/// What a handler with this signature takes, if nothing is wrong with it.
pub(crate) fn signature(function: &ItemFn) -> syn::Result<Input<'_>> {
    check::check(&Handler::new(Options::default(), function), Mistakes::default())
}

fn handler(args: TokenStream, function: &mut ItemFn) -> TokenStream {
    let mut mistakes = Mistakes::default();
    let options = parse::options(args, &mut mistakes);
    mark(&mut function.sig, |span| options.root.at(span));
    let handler = Handler::new(options, function);
    match check::check(&handler, mistakes) {
        Ok(input) => expand::expand(&handler, input),
        Err(errors) => stub::stub(&handler, errors),
    }
}
