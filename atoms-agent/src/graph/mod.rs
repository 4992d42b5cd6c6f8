//! Graphs of nodes.

mod builder;
pub(crate) mod check;
pub(crate) mod edge;
mod error;
mod mermaid;
mod order;
mod plan;
pub(crate) mod report;

use std::fmt;
use std::sync::Arc;

use atoms_runtime::{Bus, Event, EventType, Registry};

pub use builder::GraphBuilder;
pub use error::{GraphError, GraphProblem};
pub(crate) use plan::Plan;

use crate::events::Init;
use crate::node::NodeShape;
use edge::Edge;

/// Nodes and the edges between them, checked. Each session runs one.
///
/// [`graph!`](macro@crate::graph) makes one that rustc has checked, and [`Graph::builder`] one that is built at run
/// time. [`Sessions`](crate::Sessions) run it for each client, and [`run_alone`](Self::run_alone) without one.
#[derive(Clone)]
pub struct Graph(Arc<Parts>);

struct Parts {
    nodes: Vec<&'static NodeShape>,
    edges: Vec<(usize, usize)>,
    drawn: Vec<Edge>,
    plan: Arc<Plan>,
}

impl Graph {
    /// Returns a builder for a graph that is built at run time.
    pub fn builder() -> GraphBuilder {
        GraphBuilder::default()
    }

    /// Returns the graph that `graph!` has checked.
    #[doc(hidden)]
    pub fn checked(nodes: &[&'static NodeShape], edges: &[Edge]) -> Self {
        let plan = Arc::new(Plan::new(nodes, edges));
        let drawn = edges.to_vec();
        let edges = drawn.iter().map(|edge| (edge.from, edge.to)).collect();
        Self(Arc::new(Parts { nodes: nodes.to_vec(), edges, drawn, plan }))
    }

    /// Returns the descriptions of its nodes.
    pub fn nodes(&self) -> impl Iterator<Item = &'static NodeShape> {
        self.0.nodes.iter().copied()
    }

    /// Returns its edges, each from one of the [nodes](Self::nodes) to another, by their places.
    pub fn edges(&self) -> &[(usize, usize)] {
        &self.0.edges
    }

    /// Returns the types of the events that the edge at this place of the [edges](Self::edges) carries, beside interrupts and
    /// what was said, or `None` if it carries every event.
    pub fn carried(&self, edge: usize) -> Option<Vec<&'static EventType>> {
        Some(self.0.drawn.get(edge)?.carries?.to_vec())
    }

    pub(crate) fn plan(&self) -> Arc<Plan> {
        Arc::clone(&self.0.plan)
    }

    /// The types of events that its nodes take, as often as they do.
    fn takes(&self) -> impl Iterator<Item = &'static EventType> {
        let methods = self.nodes().flat_map(|node| node.methods);
        methods.flat_map(|method| method.takes.to_vec())
    }

    /// The events of the nodes that the bus does not know.
    pub(crate) fn unknown(&self, registry: &Registry) -> Vec<GraphProblem> {
        let mut unknown: Vec<_> = self.takes().chain([Init::event_type()]).map(EventType::name).collect();
        unknown.sort_unstable();
        unknown.dedup();
        unknown.retain(|name| registry.event(name).is_none());
        unknown.into_iter().map(|event| GraphProblem::Unknown { event }).collect()
    }

    /// Warns of events `to(bus)` that nobody on the bus takes. Subscribers may still be added.
    pub(crate) fn warn_of_unheard(&self, bus: &Bus) {
        let methods = self.nodes().flat_map(|node| node.methods.iter().map(move |method| (node, method)));
        for (node, method) in methods {
            for event_type in method.returns.to_vec().into_iter().chain(method.emits.to_vec()) {
                let flow = event_type.flow();
                if flow.to_bus && !flow.to_client && !bus.takes(Some(event_type)) {
                    let (node, r#type) = (node.path, event_type.name());
                    tracing::warn!(
                        node,
                        r#type,
                        "nothing on the bus takes an event that a node emits for the bus"
                    );
                }
            }
        }
    }
}

impl fmt::Debug for Graph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nodes = &self.0.nodes;
        let edges = self.edges().iter().map(|&(from, to)| (nodes[from].name, nodes[to].name));
        f.debug_struct("Graph").field("edges", &edges.collect::<Vec<_>>()).finish_non_exhaustive()
    }
}
