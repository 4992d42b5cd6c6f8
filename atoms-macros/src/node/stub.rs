//! What a node with mistakes expands to: the errors, the block as it was, and a stub of the node, so that graphs with the
//! node cause no further errors.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::{ImplItem, ItemImpl};

use super::model::Node;
use super::parse::Role;
use crate::common::function;
use crate::handler::mend;

pub(crate) fn stub(node: &Node<'_>, errors: syn::Error) -> TokenStream {
    let (errors, agent) = (errors.into_compile_error(), agent(node));
    let mut block = node.block.clone();
    let runtime = quote!(#agent::atoms_runtime);
    for item in &mut block.items {
        match item {
            ImplItem::Fn(function) if function.attrs.iter().any(|it| Role::of(it).is_some()) => {
                mend(&mut function.sig, &runtime);
            }
            _ => {}
        }
    }
    let (block, stub) = (without_roles(node, block), unfinished(node));
    quote!(#block #errors #stub)
}

/// The stub beside a block that does not parse.
pub(crate) fn unfinished(node: &Node<'_>) -> Option<TokenStream> {
    let agent = agent(node);
    (node.block.trait_.is_none() && node.block.generics.params.is_empty()).then(|| {
        let ty = &node.block.self_ty;
        quote! {
            #[automatically_derived]
            impl #agent::Node for #ty {
                const SHAPE: &'static #agent::NodeShape = &#agent::NodeShape::NOT_COMPILED;
            }
        }
    })
}

/// The path of the items of the agent crate that expansions name.
pub(super) fn agent(node: &Node<'_>) -> TokenStream {
    let root = &node.keys.root;
    quote!(#root::__agent)
}

/// The same path with this span, for an error that begins at it.
pub(super) fn agent_at(node: &Node<'_>, span: Span) -> TokenStream {
    let root = node.keys.root.at(span);
    quote_spanned!(span=> #root::__agent)
}

/// The block without the attributes that only `#[node]` knows.
pub(super) fn given_back(node: &Node<'_>) -> TokenStream {
    without_roles(node, node.block.clone())
}

fn without_roles(node: &Node<'_>, mut block: ItemImpl) -> TokenStream {
    for item in &mut block.items {
        if let ImplItem::Fn(function) = item {
            let given = function.attrs.len();
            function
                .attrs
                .retain(|attribute| Role::of(attribute).is_none() && Role::conditional(attribute).is_none());
            if function.attrs.len() < given {
                let allow = function::allow_what_is_demanded(&function.sig);
                function.attrs.splice(0..0, allow);
            }
        }
    }
    node.bodies.of_implementation(&block)
}
