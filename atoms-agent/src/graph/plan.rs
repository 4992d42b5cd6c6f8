//! The ways of events through a graph.

use super::order::{self, Order};
use crate::node::NodeShape;
use crate::node::shape::Kind;

/// The ways of events through a graph: a place for each node, and one for the end behind all leaves.
#[derive(Debug)]
pub(crate) struct Plan {
    /// The places that no edge leads to. Events that come into the graph go there.
    pub(crate) roots: Vec<usize>,
    /// The places behind each node.
    pub(crate) behind: Vec<Vec<usize>>,
    /// All places, each after those that lead to it.
    pub(crate) order: Vec<usize>,
    /// For each place that several edges lead to, its number among these.
    pub(crate) join_at: Vec<Option<usize>>,
    /// How many such places there are.
    pub(crate) joins: usize,
    /// Which places are output nodes.
    pub(crate) outputs: Vec<usize>,
    /// Whether events are answered that may follow from a request.
    pub(crate) follows_requests: bool,
}

impl Plan {
    /// Makes the plan of a graph that was checked to have no circle.
    pub(crate) fn new(shapes: &[&'static NodeShape], edges: &[(usize, usize)]) -> Self {
        let nodes = shapes.len();
        let mut numbers = vec![0; order::room(nodes, edges.len())];
        let sorted = Order::new(nodes, edges, &mut numbers);
        let behind = (0..nodes).map(|node| match sorted.targets(node) {
            [] => vec![nodes],
            targets => targets.to_vec(),
        });
        let behind: Vec<_> = behind.collect();
        let mut leading_to = vec![0; nodes + 1];
        behind.iter().flatten().for_each(|&place| leading_to[place] += 1);
        let mut joins = 0;
        let join_at = leading_to.iter().map(|&edges| {
            (edges > 1).then(|| {
                joins += 1;
                joins - 1
            })
        });
        let join_at = join_at.collect();
        let order = sorted.sorted().iter().copied().chain([nodes]).collect();
        let outputs = (0..nodes).filter(|&node| shapes[node].kind == Kind::Output).collect();
        let follows_requests = shapes.iter().any(|shape| shape.answers_others());
        Self { roots: sorted.roots().to_vec(), behind, order, join_at, joins, outputs, follows_requests }
    }

    /// The place where events come out of the graph.
    pub(crate) fn end(&self) -> usize {
        self.behind.len()
    }
}
