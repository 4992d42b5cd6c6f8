//! Nodes: stateful handlers in a graph, one instance per session.

pub(crate) mod conversation;
pub(crate) mod factory;
pub(crate) mod method;
pub(crate) mod respond;
pub(crate) mod shape;

use atoms_runtime::{Params, PrepareError, StartContext};

pub use conversation::{Conversation, Message};
pub use shape::NodeShape;

use crate::graph::NodeEntry;
use factory::Factory;
use method::Methods;

/// A stateful handler of events in a graph, of which each session has its own.
///
/// Written by [`#[node]`](macro@crate::node).
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a node",
    label = "not a node",
    note = "put `#[node]` on an `impl {Self}` block that has its handlers"
)]
pub trait Node: Sized + Send + 'static {
    /// What a graph knows of it.
    #[doc(hidden)]
    const ENTRY: NodeEntry;
}

/// What the node `N` is made of: a type of its own, which is not public, so that its events need not be.
pub trait NodeParts<N: 'static>: 'static {
    /// How it is made.
    type Factory: Factory<N>;
    /// Its handlers.
    type Methods: Methods<N>;
    /// What it does when it has been made.
    type Started: Methods<N>;
    /// What it does when its session ends.
    type Stopped: Methods<N>;
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
