//! `#[agent]`.

mod check;
mod expand;
mod parse;
mod stub;

use proc_macro2::TokenStream;
use syn::{ItemFn, PatType};

use crate::common::unfinished::{self, OfFunction};
use crate::common::{Mistakes, function};
use parse::Options;

pub(crate) fn attribute(args: TokenStream, item: TokenStream) -> TokenStream {
    unfinished::attribute::<Attribute>(args, item)
}

/// The model of an agent, made of its syntax alone. It borrows the syntax, whose spans messages need.
struct Agent<'a> {
    function: &'a ItemFn,
    options: Options,
    /// The parameters without the receiver: the first is what the agent works on, the others are extracted.
    parameters: Vec<&'a PatType>,
}

impl<'a> Agent<'a> {
    fn new(options: Options, function: &'a ItemFn) -> Self {
        Self { function, options, parameters: function::typed(&function.sig).collect() }
    }

    /// The parameters after the first one.
    fn extracted(&self) -> impl Iterator<Item = &'a PatType> + '_ {
        self.parameters.iter().copied().skip(1)
    }
}

enum Attribute {}

impl OfFunction for Attribute {
    type Options = Options;

    const OWN: &'static str = "#[agent]";
    const MISPLACED: &'static str = "an agent is a free function\nhelp: put `#[agent(name = \"...\")]` on an `async fn` with a body, outside of traits and `impl` blocks";

    fn options(args: TokenStream, mistakes: &mut Mistakes) -> Options {
        parse::options(args, mistakes)
    }

    fn expand(options: Options, function: ItemFn, mistakes: Mistakes) -> TokenStream {
        let agent = Agent::new(options, &function);
        match check::check(&agent, mistakes) {
            Ok(checked) => expand::expand(&agent, &checked),
            Err(errors) => stub::stub(&agent, errors),
        }
    }

    fn stub(options: Options, function: &ItemFn) -> TokenStream {
        stub::unfinished(&Agent::new(options, function))
    }
}
