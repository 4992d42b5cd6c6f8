//! Graphs that are put together while the program runs.

use atoms_runtime::Input;

use super::check;
use super::edge::Edge;
use super::order::{self, Order};
use super::{Graph, GraphError, GraphProblem};
use crate::node::{Node, NodeShape};

/// Builds a [`Graph`] at run time, with the checks that rustc makes for `graph!`.
///
/// ```
/// use atoms::agent::events::TranscriptUpdate;
/// use atoms::agent::{Graph, node};
///
/// #[derive(Default)]
/// struct Counter {
///     updates: u32,
/// }
///
/// #[node]
/// impl Counter {
///     #[handler]
///     fn count(&mut self, _: &TranscriptUpdate) {
///         self.updates += 1;
///     }
/// }
///
/// let graph = Graph::builder().node::<Counter>().build()?;
/// assert_eq!(graph.nodes().count(), 1);
/// # Ok::<(), atoms::agent::GraphError>(())
/// ```
#[derive(Default, Clone)]
#[must_use = "there is no graph before `build`"]
pub struct GraphBuilder {
    nodes: Vec<&'static NodeShape>,
    edges: Vec<Edge>,
}

impl GraphBuilder {
    /// Adds a node. If it is the only one, it needs no edges.
    pub fn node<N: Node>(mut self) -> Self {
        self.place::<N>();
        self
    }

    /// Adds an edge, and the nodes at its ends: what `From` emits and does not consume goes to `To`.
    pub fn edge<From: Node, To: Node>(mut self) -> Self {
        let edge = Edge::new(self.place::<From>(), self.place::<To>());
        self.edges.push(edge);
        self
    }

    /// Adds an edge, and the nodes at its ends, that carries the events of `E` only, and interrupts and
    /// [`TranscriptUpdate`](crate::events::TranscriptUpdate)s: the `From -[E]-> To` of [`graph!`](macro@crate::graph). `E` is
    /// an event, or a set of events.
    pub fn route<From: Node, E: Input, To: Node>(mut self) -> Self {
        let edge = Edge::new(self.place::<From>(), self.place::<To>()).carrying(const { &[&E::EVENTS] });
        self.edges.push(edge);
        self
    }

    fn place<N: Node>(&mut self) -> usize {
        let shape = NodeShape::of::<N>();
        self.nodes.iter().position(|node| std::ptr::eq(*node, shape)).unwrap_or_else(|| {
            self.nodes.push(shape);
            self.nodes.len() - 1
        })
    }

    /// Checks the graph, and finds its roots and its leaves.
    pub fn build(self) -> Result<Graph, GraphError> {
        let mut problems: Vec<_> = self.twice().chain(self.alone()).collect();
        problems.extend(self.nodes.is_empty().then_some(GraphProblem::Empty));
        match self.circle() {
            Some(circle) => problems.push(GraphProblem::Circle { circle }),
            None => problems.extend(self.events()),
        }
        GraphError::of(problems).map(|()| Graph::checked(&self.nodes, &self.edges))
    }

    fn name(&self, node: usize) -> &'static str {
        self.nodes[node].name
    }

    fn twice(&self) -> impl Iterator<Item = GraphProblem> {
        let is_again =
            |index: usize, edge: &Edge| self.edges[..index].iter().any(|before| before.is_same(edge));
        let again = self.edges.iter().enumerate().filter(move |(index, edge)| is_again(*index, edge));
        again.map(|(_, edge)| GraphProblem::EdgeTwice { from: self.name(edge.from), to: self.name(edge.to) })
    }

    fn alone(&self) -> impl Iterator<Item = GraphProblem> {
        let several = self.nodes.len() > 1;
        let has_edge = |node| self.edges.iter().any(|edge| edge.from == node || edge.to == node);
        let alone = (0..self.nodes.len()).filter(move |&node| several && !has_edge(node));
        alone.map(|node| GraphProblem::Alone { node: self.name(node) })
    }

    /// The names of the nodes in a circle, in order.
    fn circle(&self) -> Option<String> {
        let mut numbers = vec![0; order::room(self.nodes.len(), self.edges.len())];
        let order = Order::new(self.nodes.len(), &self.edges, &mut numbers);
        let circle = order.circle();
        let names: Vec<_> = circle.last().into_iter().chain(circle).map(|&node| self.name(node)).collect();
        (!names.is_empty()).then(|| names.join(" -> "))
    }

    fn events(&self) -> Option<GraphProblem> {
        let report = check::at_run_time(&self.nodes, &self.edges);
        (!report.is_empty()).then_some(GraphProblem::Events(report))
    }
}

impl std::fmt::Debug for GraphBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let edges = self.edges.iter().map(|edge| (self.name(edge.from), self.name(edge.to)));
        f.debug_struct("GraphBuilder").field("edges", &edges.collect::<Vec<_>>()).finish_non_exhaustive()
    }
}
