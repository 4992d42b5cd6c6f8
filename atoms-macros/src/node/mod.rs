//! `#[node]`.

mod check;
mod expand;
mod model;
mod parse;
mod stub;
pub(crate) mod without_agent;

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{quote, quote_spanned};
use syn::{ImplItem, ItemImpl};

use crate::common::bodies::{self, Bodies};
use crate::common::{Mistakes, unfinished};
use crate::handler::mark;
use model::Node;
use parse::Role;

pub(crate) fn attribute(args: TokenStream, item: TokenStream) -> TokenStream {
    match bodies::implementation(item.clone()) {
        Ok((mut block, bodies)) => node(args, &mut block, &bodies),
        Err(_) if is_unfinished(&item) => unfinished_block(args, item),
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

/// Whether it is an `impl` block.
fn is_unfinished(item: &TokenStream) -> bool {
    let mut words = item.clone().into_iter().filter(|token| matches!(token, TokenTree::Ident(_)));
    words
        .find(|word| !unfinished::is_word(word, "unsafe"))
        .is_some_and(|word| unfinished::is_word(&word, "impl"))
}

/// What a block that does not parse expands to. rustc reports what is wrong.
fn unfinished_block(args: TokenStream, item: TokenStream) -> TokenStream {
    let mut mistakes = Mistakes::default();
    let keys = parse::keys(args, &mut mistakes);
    let mut front: Vec<TokenTree> = item.clone().into_iter().collect();
    front.pop();
    let front: TokenStream = front.into_iter().collect();
    let stub = syn::parse2(quote!(#front {})).ok().map(|block: ItemImpl| {
        let bodies = Bodies::default();
        stub::unfinished(&Node::new(keys, &block, &bodies, &mut Mistakes::default()))
    });
    let errors = mistakes.and(Ok(())).err().map(syn::Error::into_compile_error);
    let does_not_build = unfinished::does_not_build("#[node]");
    let item = unfinished::without(item, &parse::ROLES.map(|(name, _)| name));
    quote!(#item #errors #stub #does_not_build)
}

fn node(args: TokenStream, block: &mut ItemImpl, bodies: &Bodies) -> TokenStream {
    let mut mistakes = Mistakes::default();
    let keys = parse::keys(args, &mut mistakes);
    for item in &mut block.items {
        if let ImplItem::Fn(method) = item
            && method
                .attrs
                .iter()
                .any(|attribute| matches!(Role::of(attribute), Some(Role::Handler | Role::Respond)))
        {
            mark(&mut method.sig, |span| {
                let root = keys.root.at(span);
                quote_spanned!(span=> #root::__agent::atoms_runtime)
            });
        }
    }
    let node = Node::new(keys, block, bodies, &mut mistakes);
    match check::check(&node, mistakes) {
        Ok(inputs) => expand::expand(&node, &inputs),
        Err(errors) => stub::stub(&node, errors),
    }
}
