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
use model::Node;

pub(crate) fn attribute(args: TokenStream, item: TokenStream) -> TokenStream {
    match syn::parse2::<ItemImpl>(item.clone()) {
        Ok(block) => node(args, &block),
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

fn node(args: TokenStream, block: &ItemImpl) -> TokenStream {
    let mut mistakes = Mistakes::default();
    let keys = parse::keys(args, &mut mistakes);
    let node = Node::new(keys, block, &mut mistakes);
    match check::check(&node, mistakes) {
        Ok(inputs) => expand::expand(&node, &inputs),
        Err(errors) => stub::stub(&node, errors),
    }
}
