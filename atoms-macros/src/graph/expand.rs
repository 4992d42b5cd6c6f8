//! ```text
//! /// One per connection.
//! #[derive(Clone, Copy, Debug, Default)]
//! pub struct SupportDesk;
//!
//! impl SupportDesk {
//!     pub fn graph() -> Graph { ... }
//!     pub fn mermaid() -> String { ... }
//! }
//!
//! const _: () = {
//!     const NODES: &[&NodeShape] = &[NodeShape::of::<SupportBot>(), NodeShape::of::<Supervisor>()];
//!     const EDGES: &[Edge] = &[Edge::new(0, 1).carrying(&[&<SalesTurn as Input>::EVENTS])];
//!     const SIZES: Sizes = Sizes::of(NODES, EDGES);
//!     const IS_WRONG: bool = is_wrong::<{ SIZES.names }, ...>(NODES, EDGES);
//!     const SupportBot: () = if IS_WRONG {                // for each node, with its span
//!         let report = of_node::<{ SIZES.names }, ...>(NODES, EDGES, 0);
//!         if !#report.is_empty() { panic!("{}", report.as_str()) }
//!     };
//! };
//! ```

use std::collections::HashSet;

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;

use super::check::{Edge, Shape};
use super::parse::{Graph, is_helper};
use crate::common::{Root, attributes};

pub(crate) fn expand(graph: &Graph, root: &Root, shape: &Shape<'_>) -> TokenStream {
    let agent = quote!(#root::__agent);
    let nodes = shape.nodes.iter().map(|node| quote_spanned!(node.span()=> #agent::NodeShape::of::<#node>()));
    let edges = shape.edges.iter().map(|it| edge(it, &agent));
    let checks = checks(shape, &agent);
    let item = item(graph);
    let functions =
        functions(graph, &agent, quote!(#agent::Graph::checked(__Checked::NODES, __Checked::EDGES)));
    quote! {
        #item
        const _: () = {
            struct __Checked;
            impl __Checked {
                const NODES: &'static [&'static #agent::NodeShape] = &[#(#nodes),*];
                const EDGES: &'static [#agent::Edge] = &[#(#edges),*];
            }
            const SIZES: #agent::Sizes = #agent::Sizes::of(__Checked::NODES, __Checked::EDGES);
            const IS_WRONG: ::core::primitive::bool =
                #agent::is_wrong::<{ SIZES.names }, { SIZES.words }, { SIZES.numbers }>(
                    __Checked::NODES,
                    __Checked::EDGES,
                );
            #checks
            #functions
        };
    }
}

fn edge(edge: &Edge<'_>, agent: &TokenStream) -> TokenStream {
    let (from, to) = (edge.from, edge.to);
    let events = edge
        .carried
        .iter()
        .map(|ty| quote_spanned!(ty.span()=> &<#ty as #agent::atoms_runtime::Input>::EVENTS));
    let carrying = (!edge.carried.is_empty()).then(|| quote!(.carrying(&[#(#events),*])));
    quote!(#agent::Edge::new(#from, #to) #carrying)
}

/// Reports the mistakes of each node at that node. The constant has the name of its node, which rustc shows, too.
fn checks(shape: &Shape<'_>, agent: &TokenStream) -> TokenStream {
    let mut names = HashSet::new();
    // A local name that is found wherever the node's span comes from.
    let report = Ident::new("report", Span::mixed_site());
    let checks = shape.nodes.iter().enumerate().map(|(index, node)| {
        let name = node.path.segments.last().map(|last| last.ident.to_string()).unwrap_or_default();
        let name = if names.insert(name.clone()) { name } else { format!("{name}_{index}") };
        let name = format_ident!("{name}", span = Span::call_site());
        let told = quote_spanned!(node.span()=> ::core::panic!("{}", #report.as_str()));
        quote! {
            #[allow(dead_code, non_upper_case_globals)]
            const #name: () = if IS_WRONG {
                let #report = #agent::of_node::<{ SIZES.names }, { SIZES.words }, { SIZES.numbers }>(
                    __Checked::NODES,
                    __Checked::EDGES,
                    #index,
                );
                if !#report.is_empty() {
                    #told
                }
            };
        }
    });
    checks.collect()
}

/// What a graph with mistakes expands to, so that code that names it causes no further errors.
pub(crate) fn stub(graph: &Graph, root: &Root) -> TokenStream {
    let agent = quote!(#root::__agent);
    let item = item(graph);
    let functions = functions(graph, &agent, quote!(::core::unreachable!("the graph did not compile")));
    quote!(#item #functions)
}

fn item(graph: &Graph) -> TokenStream {
    let Graph { visibility, name, .. } = graph;
    let attributes = graph.attributes.iter().filter(|attribute| !is_helper(attribute));
    let derived = attributes::derives(&graph.attributes);
    let derives = [
        ("Clone", quote!(::core::clone::Clone)),
        ("Copy", quote!(::core::marker::Copy)),
        ("Debug", quote!(::core::fmt::Debug)),
        ("Default", quote!(::core::default::Default)),
    ];
    let is_missing = |name: &str| !derived.iter().any(|path| attributes::ends_with(path, name));
    let missing = derives.into_iter().filter(|(name, _)| is_missing(name)).map(|(_, path)| path);
    quote! {
        #(#attributes)*
        #[derive(#(#missing),*)]
        #visibility struct #name;
    }
}

fn functions(graph: &Graph, agent: &TokenStream, made: TokenStream) -> TokenStream {
    let Graph { visibility, name, .. } = graph;
    quote! {
        impl #name {
            /// Returns the graph, which rustc has checked.
            #visibility fn graph() -> #agent::Graph {
                #made
            }

            /// Returns the graph as a [Mermaid](https://mermaid.js.org/syntax/flowchart.html) flow chart.
            #visibility fn mermaid() -> ::std::string::String {
                Self::graph().mermaid()
            }
        }
    }
}
