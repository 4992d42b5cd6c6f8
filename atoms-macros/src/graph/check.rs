//! Finds what is wrong with the edges by their syntax alone. Circles, and the ways of events, are checked where the
//! nodes are known.

use std::collections::{HashMap, HashSet};

use syn::{Type, TypePath};

use super::parse::Graph;
use crate::common::{Mistakes, types};

/// The nodes of a graph, each once, and the edges as pairs of places in that list.
#[derive(Default)]
pub(crate) struct Shape<'a> {
    pub(crate) nodes: Vec<&'a TypePath>,
    pub(crate) edges: Vec<(usize, usize)>,
    places: HashMap<String, usize>,
}

pub(crate) fn check<'a>(graph: &'a Graph, mut mistakes: Mistakes) -> syn::Result<Shape<'a>> {
    let mut shape = Shape::default();
    if graph.chains.is_empty() {
        let problem = "the graph has no nodes";
        mistakes.at(&graph.name, problem, "write `Node`, or `Node -> Other`, in the braces");
    }
    shape.add_edges(graph, &mut mistakes);
    shape.add_alone(graph, &mut mistakes);
    mistakes.and(Ok(shape))
}

fn text(node: &TypePath) -> String {
    types::text(&Type::Path(node.clone()))
}

impl<'a> Shape<'a> {
    fn place(&mut self, node: &'a TypePath) -> usize {
        let name = text(node);
        if let Some(&place) = self.places.get(&name) {
            return place;
        }
        let place = self.nodes.len();
        self.nodes.push(node);
        self.places.insert(name, place);
        place
    }

    fn add_edges(&mut self, graph: &'a Graph, mistakes: &mut Mistakes) {
        let mut known = HashSet::new();
        for pair in graph.chains.iter().flat_map(|chain| chain.windows(2)) {
            let edge = (self.place(&pair[0]), self.place(&pair[1]));
            if known.insert(edge) {
                self.edges.push(edge);
            } else {
                let problem =
                    format_args!("the edge `{} -> {}` is there twice", text(&pair[0]), text(&pair[1]));
                mistakes.at(&pair[1], problem, "remove one of the two");
            }
        }
    }

    /// Adds the nodes that have no edge, which is right only for a graph of one node.
    fn add_alone(&mut self, graph: &'a Graph, mistakes: &mut Mistakes) {
        let first = graph.chains.first().map(|chain| text(&chain[0]));
        let is_only = graph.chains.iter().all(|chain| chain.len() == 1 && Some(text(&chain[0])) == first);
        let alone =
            graph.chains.iter().filter_map(|chain| if let [only] = &chain[..] { Some(only) } else { None });
        for node in alone {
            let name = text(node);
            if self.places.contains_key(&name) {
                let problem = format_args!("the node `{name}` is there already");
                mistakes.at(node, problem, "remove it: an edge is enough to name a node");
                continue;
            }
            self.place(node);
            if !is_only {
                let problem = format_args!("nothing leads to `{name}`, and it leads to nothing");
                let help =
                    format_args!("connect it to the other nodes: `Node -> {name}`, or `{name} -> Node`");
                mistakes.at(node, problem, help);
            }
        }
    }
}
