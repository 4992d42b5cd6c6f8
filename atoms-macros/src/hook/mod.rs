//! `#[hook]`.

mod check;
mod expand;
mod model;
mod parse;
mod stub;

use proc_macro2::TokenStream;
use syn::ItemFn;

use crate::common::Mistakes;
use crate::common::unfinished::{self, OfFunction};
use model::Hook;
use parse::Options;

pub(crate) fn attribute(args: TokenStream, item: TokenStream) -> TokenStream {
    unfinished::attribute::<Attribute>(args, item)
}

enum Attribute {}

impl OfFunction for Attribute {
    type Options = Options;

    const OWN: &'static str = "#[hook]";
    const MISPLACED: &'static str = "a hook is a free function\nhelp: put `#[hook(before)]` or `#[hook(after)]` on a `fn` with a body, outside of traits and `impl` blocks";

    fn options(args: TokenStream, mistakes: &mut Mistakes) -> Options {
        parse::options(args, mistakes)
    }

    fn expand(options: Options, function: ItemFn, mistakes: Mistakes) -> TokenStream {
        let hook = Hook::new(options, &function);
        match check::check(&hook, mistakes) {
            Ok(checked) => expand::expand(&hook, &checked),
            Err(errors) => stub::stub(&hook, errors),
        }
    }

    fn stub(options: Options, function: &ItemFn) -> TokenStream {
        stub::unfinished(&Hook::new(options, function))
    }
}
