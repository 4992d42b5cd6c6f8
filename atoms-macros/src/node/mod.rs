//! `#[node]`.

mod check;
mod expand;
mod model;
mod parse;
mod stub;

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::ItemImpl;

use crate::common::Mistakes;
use crate::common::bodies::{self, Bodies};
use model::Node;

pub(crate) fn attribute(args: TokenStream, item: TokenStream) -> TokenStream {
    match bodies::implementation(item.clone()) {
        Ok((block, bodies)) => node(args, &block, &bodies),
        Err(_) => {
            let error = syn::Error::new(
                Span::call_site(),
                "a node is an `impl` block with handlers\nhelp: put `#[node]` on the `impl` block of the node's type",
            );
            let error = error.into_compile_error();
            quote!(#error #item)
        }
    }
}

fn node(args: TokenStream, block: &ItemImpl, bodies: &Bodies) -> TokenStream {
    let mut mistakes = Mistakes::default();
    let keys = parse::keys(args, &mut mistakes);
    let node = Node::new(keys, block, bodies, &mut mistakes);
    match check::check(&node, mistakes) {
        Ok(inputs) => expand::expand(&node, &inputs),
        Err(errors) => stub::stub(&node, errors),
    }
}
