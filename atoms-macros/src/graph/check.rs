//! Finds what is wrong with the shape of a graph. Where its events go is checked where they are known.

use syn::{Type, TypePath};

use super::parse::Graph;
use crate::common::{Mistakes, types};

/// The nodes of a graph, each once, and the edges between them, by their places.
pub(crate) struct Shape<'a> {
    pub(crate) nodes: Vec<&'a TypePath>,
    pub(crate) edges: Vec<(usize, usize)>,
}

pub(crate) fn check<'a>(graph: &'a Graph, mut mistakes: Mistakes) -> syn::Result<Shape<'a>> {
    let mut shape = Shape { nodes: Vec::new(), edges: Vec::new() };
    if graph.chains.is_empty() {
        let problem = "the graph has no nodes";
        mistakes.at(&graph.name, problem, "write `Node`, or `Node -> Other`, in the braces");
    }
    let mut alone = Vec::new();
    for chain in &graph.chains {
        if let [only] = &chain[..] {
            if shape.find(only).is_some() || alone.iter().any(|(_, name)| *name == text(only)) {
                let problem = format_args!("the node `{}` is there already", text(only));
                mistakes.at(only, problem, "remove it: an edge is enough to name a node");
            } else {
                alone.push((only, text(only)));
            }
        }
        for pair in chain.windows(2) {
            shape.add_edge(&pair[0], &pair[1], &mut mistakes);
        }
    }
    shape.add_alone(&alone, graph.chains.len(), &mut mistakes);
    if let Some(circle) = shape.circle() {
        let problem = format_args!("events go round in a circle: `{circle}`");
        mistakes.at(&graph.name, problem, "remove one of these edges");
    }
    mistakes.and(Ok(shape))
}

fn text(node: &TypePath) -> String {
    types::text(&Type::Path(node.clone()))
}

impl<'a> Shape<'a> {
    fn find(&self, node: &TypePath) -> Option<usize> {
        let name = text(node);
        self.nodes.iter().position(|known| text(known) == name)
    }

    fn place(&mut self, node: &'a TypePath) -> usize {
        self.find(node).unwrap_or_else(|| {
            self.nodes.push(node);
            self.nodes.len() - 1
        })
    }

    fn add_edge(&mut self, from: &'a TypePath, to: &'a TypePath, mistakes: &mut Mistakes) {
        let edge = (self.place(from), self.place(to));
        if self.edges.contains(&edge) {
            let problem = format_args!("the edge `{} -> {}` is there twice", text(from), text(to));
            mistakes.at(to, problem, "remove one of the two");
        } else {
            self.edges.push(edge);
        }
    }

    /// Adds the nodes that stand without an edge, which is right for an only one.
    fn add_alone(&mut self, alone: &[(&'a TypePath, String)], chains: usize, mistakes: &mut Mistakes) {
        for (node, name) in alone {
            if self.find(node).is_some() {
                let problem = format_args!("the node `{name}` is there already");
                mistakes.at(node, problem, "remove it: an edge is enough to name a node");
            } else if chains > 1 {
                let problem = format_args!("nothing leads to `{name}`, and it leads to nothing");
                let help =
                    format_args!("connect it to the other nodes: `Node -> {name}`, or `{name} -> Node`");
                mistakes.at(node, problem, help);
            } else {
                self.nodes.push(node);
            }
        }
    }

    /// The names of nodes in a circle, in order, if there is one.
    fn circle(&self) -> Option<String> {
        let mut open: Vec<usize> = (0..self.nodes.len()).collect();
        let leads_on =
            |open: &[usize], node| self.edges.iter().find(|(from, to)| *from == node && open.contains(to));
        // What leads nowhere is in no circle; what is left leads to one.
        while let Some(end) = open.iter().position(|&node| leads_on(&open, node).is_none()) {
            open.remove(end);
        }
        let mut way = vec![*open.first()?];
        loop {
            let &(_, next) = leads_on(&open, *way.last()?)?;
            if let Some(start) = way.iter().position(|&node| node == next) {
                way.push(next);
                let names: Vec<_> = way[start..].iter().map(|&node| text(self.nodes[node])).collect();
                return Some(names.join(" -> "));
            }
            way.push(next);
        }
    }
}
