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
    pub(crate) edges: Vec<Edge<'a>>,
    places: HashMap<String, usize>,
}

/// An edge between two nodes, by their places.
pub(crate) struct Edge<'a> {
    pub(crate) from: usize,
    pub(crate) to: usize,
    /// The events that it carries, if they are listed.
    pub(crate) carried: &'a [Type],
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
            let (before, carried) = (&pair[0].nodes, &pair[1].carried);
            for (from_node, to_node) in
                before.iter().flat_map(|from| pair[1].nodes.iter().map(move |to| (from, to)))
            {
                let (from, to) = (self.place(from_node), self.place(to_node));
                if known.insert((from, to)) {
                    self.edges.push(Edge { from, to, carried });
                } else {
                    let problem =
                        format_args!("the edge `{} -> {}` is there twice", text(from_node), text(to_node));
                    mistakes.at(to_node, problem, "remove one of the two");
                }
            }
        }
    }

    /// Adds the nodes that have no edge, which is right only for a graph of one node.
    fn add_alone(&mut self, graph: &'a Graph, mistakes: &mut Mistakes) {
        let nodes = || graph.chains.iter().flatten().flat_map(|stop| &stop.nodes);
        let first = nodes().next().map(text);
        let is_only =
            graph.chains.iter().all(|chain| chain.len() == 1) && nodes().all(|it| Some(text(it)) == first);
        let alone = graph.chains.iter().filter(|chain| chain.len() == 1).flatten();
        for node in alone.flat_map(|stop| &stop.nodes) {
            let name = text(node);
            if self.places.contains_key(&name) {
                let problem = format_args!("the node `{name}` is there already");
                mistakes.at(node, problem, "remove it: an edge is enough to name a node");
                continue;
            }
            self.place(node);
            if !is_only {
                let problem = format_args!("the node `{name}` is not connected to any other");
                let help =
                    format_args!("connect it to the other nodes: `Node -> {name}`, or `{name} -> Node`");
                mistakes.at(node, problem, help);
            }
        }
    }
}
