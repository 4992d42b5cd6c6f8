//! Nodes that are ready to run on a bus.

use std::any::Any;
use std::pin::Pin;
use std::sync::Arc;

use atoms_runtime::{Bus, Params, PrepareError, StartContext};

use super::run::{self, Seat};
use crate::graph::{Graph, GraphError, GraphProblem};
use crate::node::declared::Declared;
use crate::node::factory::Factory;
use crate::node::method::Methods;
use crate::node::shape::Binds;
use crate::node::{Node, NodeParts, NodeShape};

/// Makes a node ready to run. The description of each node has one.
#[derive(Debug)]
pub struct NodeBinding(Bind);

/// Finds what a node needs of a bus.
type Bind = fn(&StartContext<'_>) -> Result<Box<dyn Spawn>, Vec<PrepareError>>;

impl NodeBinding {
    /// The binding of the node `N`, which is made of `P`.
    pub const fn of<N: Node, P: NodeParts<N>>() -> Self {
        Self(|start| Ok(Box::new(Arc::new(Prepared::<N, P>::new(start)?))))
    }
}

impl Binds for NodeBinding {
    fn take_states(&self, start: &StartContext<'_>) {
        // What is missing is told when the node is to run.
        drop((self.0)(start));
    }
}

/// Makes a node ready to run.
fn bind(shape: &NodeShape, start: &StartContext<'_>) -> Result<Box<dyn Spawn>, Vec<PrepareError>> {
    let binding: &dyn Any = shape.binding;
    match binding.downcast_ref() {
        Some(NodeBinding(bind)) => bind(start),
        None => Err(vec![PrepareError::Other("`#[node]` has not described it".into())]),
    }
}

impl Graph {
    /// Finds what the nodes need of the bus, and of their sessions.
    pub(crate) fn prepare(&self, bus: &Bus, declared: &Declared) -> Result<Vec<Box<dyn Spawn>>, GraphError> {
        let start = &bus.start_context().offering(declared);
        let mut problems = self.unknown(bus.registry());
        let mut ready = Vec::new();
        for node in self.nodes() {
            match bind(node, start) {
                Ok(node) => ready.push(node),
                Err(errors) => problems.extend(
                    errors
                        .into_iter()
                        .map(|cause| GraphProblem::Prepare { node: node.path, cause: Arc::new(cause) }),
                ),
            }
        }
        GraphError::of(problems).map(|()| ready)
    }
}

/// A node that is ready to run in instances.
pub(crate) trait Spawn: Send + Sync {
    fn shape(&self) -> &'static NodeShape;

    /// The task of the node in one instance.
    fn run(&self, seat: Seat) -> Pin<Box<dyn Future<Output = ()> + Send>>;
}

impl<N: Node, P: NodeParts<N>> Spawn for Arc<Prepared<N, P>> {
    fn shape(&self) -> &'static NodeShape {
        self.shape
    }

    fn run(&self, seat: Seat) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(run::guarded(Arc::clone(self), seat))
    }
}

/// The prepared parameters of a node's methods.
pub(crate) struct Prepared<N: Node, P: NodeParts<N>> {
    pub(crate) shape: &'static NodeShape,
    pub(crate) factory: <<P::Factory as Factory<N>>::Params as Params>::Prepared,
    pub(crate) methods: <P::Methods as Methods<N>>::Prepared,
    pub(crate) started: <P::Started as Methods<N>>::Prepared,
    pub(crate) stopped: <P::Stopped as Methods<N>>::Prepared,
}

impl<N: Node, P: NodeParts<N>> Prepared<N, P> {
    pub(crate) fn new(start: &StartContext<'_>) -> Result<Self, Vec<PrepareError>> {
        let factory = <P::Factory as Factory<N>>::Params::prepare(start);
        let methods = P::Methods::prepare(start);
        let started = P::Started::prepare(start);
        let stopped = P::Stopped::prepare(start);
        let shape = N::SHAPE;
        match (factory, methods, started, stopped) {
            (Ok(factory), Ok(methods), Ok(started), Ok(stopped)) => {
                Ok(Self { shape, factory, methods, started, stopped })
            }
            (factory, methods, started, stopped) => {
                let errors = [factory.err(), methods.err(), started.err(), stopped.err()];
                Err(errors.into_iter().flatten().flatten().collect())
            }
        }
    }
}
