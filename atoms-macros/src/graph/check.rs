//! Finds what is wrong with the shape of a graph. Where its events go is checked where they are known.

use std::collections::{HashMap, HashSet};

use syn::{Type, TypePath};

use super::parse::Graph;
use crate::common::{Mistakes, types};

/// The nodes of a graph, each once, and the edges between them, by their places.
#[derive(Default)]
pub(crate) struct Shape<'a> {
    pub(crate) nodes: Vec<&'a TypePath>,
    pub(crate) edges: Vec<(usize, usize)>,
    /// The nodes as they are written, by their places.
    names: Vec<String>,
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
    if let Some(circle) = shape.circle() {
        let problem = format_args!("nodes are connected in a circle: `{circle}`");
        mistakes.at(&graph.name, problem, "remove one of these edges");
    }
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
        self.names.push(name.clone());
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

    /// Adds the nodes that stand without an edge, which is right for an only one.
    fn add_alone(&mut self, graph: &'a Graph, mistakes: &mut Mistakes) {
        let is_only = graph.chains.len() == 1;
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

    /// The names of nodes in a circle, in order, if there is one.
    fn circle(&self) -> Option<String> {
        let mut before = vec![Vec::new(); self.nodes.len()];
        let mut leading_on = vec![0; self.nodes.len()];
        for &(from, to) in &self.edges {
            before[to].push(from);
            leading_on[from] += 1;
        }
        // What leads nowhere is in no circle, and neither is what leads to such nodes only.
        let mut ends: Vec<usize> = (0..self.nodes.len()).filter(|&node| leading_on[node] == 0).collect();
        while let Some(end) = ends.pop() {
            for &node in &before[end] {
                leading_on[node] -= 1;
                if leading_on[node] == 0 {
                    ends.push(node);
                }
            }
        }
        // From what is left one comes round.
        let is_left = |node: usize| leading_on[node] > 0;
        let mut way = vec![(0..self.nodes.len()).find(|&node| is_left(node))?];
        loop {
            let last = *way.last()?;
            let &(_, next) = self.edges.iter().find(|(from, to)| *from == last && is_left(*to))?;
            let start = way.iter().position(|&node| node == next);
            way.push(next);
            if let Some(start) = start {
                let names: Vec<_> = way[start..].iter().map(|&node| &*self.names[node]).collect();
                return Some(names.join(" -> "));
            }
        }
    }
}
