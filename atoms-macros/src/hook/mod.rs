//! `#[hook]`.

mod check;
mod expand;
mod model;
mod parse;
mod stub;

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::ItemFn;

use crate::common::{Mistakes, bodies, unfinished};
use model::Hook;

pub(crate) fn attribute(args: TokenStream, item: TokenStream) -> TokenStream {
    match bodies::function(item.clone()) {
        Ok((function, bodies)) => bodies.of_function(hook(args, &function)),
        Err(_) if unfinished::is_function(&item) => unfinished_function(args, item),
        Err(_) => {
            let error = syn::Error::new(
                Span::call_site(),
                "a hook is a free function\nhelp: put `#[hook(before)]` or `#[hook(after)]` on a `fn` with a body, outside of traits and `impl` blocks",
            );
            let error = error.into_compile_error();
            quote!(#error #item)
        }
    }
}

/// rustc tells what is wrong with a function that does not parse, or has no body.
fn unfinished_function(args: TokenStream, item: TokenStream) -> TokenStream {
    let mut mistakes = Mistakes::default();
    let options = parse::options(args, &mut mistakes);
    let stub = unfinished::name(&item, "fn").and_then(|(front, name)| {
        let function = syn::parse2(quote!(#front fn #name() {})).ok()?;
        Some(stub::unfinished(&Hook::new(options, &function)))
    });
    let errors = mistakes.and(Ok(())).err().map(syn::Error::into_compile_error);
    let does_not_build = unfinished::does_not_build("#[hook]");
    quote!(#item #errors #stub #does_not_build)
}

fn hook(args: TokenStream, function: &ItemFn) -> TokenStream {
    let mut mistakes = Mistakes::default();
    let options = parse::options(args, &mut mistakes);
    let hook = Hook::new(options, function);
    match check::check(&hook, mistakes) {
        Ok(checked) => expand::expand(&hook, &checked),
        Err(errors) => stub::stub(&hook, errors),
    }
}
