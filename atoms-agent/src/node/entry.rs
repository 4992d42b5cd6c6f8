//! A node of a graph, of whatever type: the one place of this folder that knows what runs it.

use std::any::TypeId;
use std::pin::Pin;
use std::sync::Arc;

use atoms_runtime::{Params, PrepareError, StartContext};

use super::factory::Factory;
use super::method::Methods;
use super::{Node, NodeParts, NodeShape};
use crate::instance::run::{self, Seat};

/// Makes a node ready to run on a bus.
pub(crate) type Prepare = fn(&StartContext<'_>) -> Result<Box<dyn Spawn>, Vec<PrepareError>>;

/// A node of a graph, of whatever type.
#[doc(hidden)]
#[derive(Debug, Clone, Copy)]
pub struct NodeEntry {
    pub(crate) type_id: TypeId,
    pub(crate) shape: &'static NodeShape,
    pub(crate) prepare: Prepare,
}

impl NodeEntry {
    /// The node `N`, which is made of `P`.
    pub const fn new<N: Node, P: NodeParts<N>>(shape: &'static NodeShape) -> Self {
        Self {
            type_id: TypeId::of::<N>(),
            shape,
            prepare: |start| Ok(Box::new(Arc::new(Prepared::<N, P>::new(start)?))),
        }
    }

    /// The node `N`.
    pub const fn of<N: Node>() -> Self {
        N::ENTRY
    }
}

/// A node that is ready to run in sessions.
pub(crate) trait Spawn: Send + Sync {
    fn shape(&self) -> &'static NodeShape;

    /// The task of the node in one session.
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

/// What the methods of a node need of the bus, found once.
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
        let shape = N::ENTRY.shape;
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
