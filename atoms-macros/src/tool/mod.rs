//! `#[tool]`.

mod args;
mod check;
mod expand;
mod model;
mod name;
mod parse;
mod stub;

use proc_macro2::TokenStream;
use syn::ItemFn;

use crate::common::Mistakes;
use crate::common::unfinished::{self, OfFunction};
use model::Tool;
use parse::Options;

pub(crate) fn attribute(args: TokenStream, item: TokenStream) -> TokenStream {
    unfinished::attribute::<Attribute>(args, item)
}

enum Attribute {}

impl OfFunction for Attribute {
    type Options = Options;

    const OWN: &'static str = "#[tool]";
    const MISPLACED: &'static str = "a tool is a free function\nhelp: put `#[tool]` on a `fn` with a body, outside of traits and `impl` blocks";
    const INSIDE: &'static [&'static str] = &["doc", "tool", "arg", "extract"];

    fn options(args: TokenStream, mistakes: &mut Mistakes) -> Options {
        parse::options(args, mistakes)
    }

    fn expand(options: Options, function: ItemFn, mut mistakes: Mistakes) -> TokenStream {
        let tool = Tool::new(options, &function, &mut mistakes);
        match check::check(&tool, mistakes) {
            Ok(checked) => expand::expand(&tool, &checked),
            Err(errors) => stub::stub(&tool, errors),
        }
    }

    fn stub(options: Options, function: &ItemFn) -> TokenStream {
        stub::unfinished(&Tool::new(options, function, &mut Mistakes::default()))
    }
}
