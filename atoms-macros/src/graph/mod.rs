//! `graph!`.

mod check;
mod expand;
mod parse;

use proc_macro2::TokenStream;
use quote::quote;

use crate::common::Mistakes;
use parse::Graph;

pub(crate) fn graph(input: TokenStream) -> TokenStream {
    let mut mistakes = Mistakes::default();
    let graph = match syn::parse2::<Graph>(input) {
        Ok(graph) => graph,
        Err(error) => return error.into_compile_error(),
    };
    let root = parse::root(&graph.attributes, &mut mistakes);
    match check::check(&graph, mistakes) {
        Ok(shape) => expand::expand(&graph, &root, &shape),
        Err(errors) => {
            let errors = errors.into_compile_error();
            let stub = expand::stub(&graph, &root);
            quote!(#errors #stub)
        }
    }
}
