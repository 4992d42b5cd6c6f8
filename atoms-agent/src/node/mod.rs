//! Nodes: stateful handlers in a graph, one instance per session.

pub(crate) mod conversation;
pub(crate) mod factory;
pub(crate) mod flight;
pub(crate) mod mailbox;
pub(crate) mod method;
pub(crate) mod outlet;
pub(crate) mod respond;
pub(crate) mod run;
pub(crate) mod shape;

use atoms_runtime::StartContext;

pub use conversation::{Conversation, Message};
pub use shape::NodeShape;

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
    /// What is known of it at compile time.
    const SHAPE: NodeShape;

    /// How it is made.
    #[doc(hidden)]
    type Factory: Factory<Self>;

    /// Its handlers.
    #[doc(hidden)]
    type Methods: Methods<Self>;

    /// What it does when it has been made.
    #[doc(hidden)]
    type Started: Methods<Self>;

    /// What it does when its session ends.
    #[doc(hidden)]
    type Stopped: Methods<Self>;
}

/// What the methods of the node `N` need of the bus, found once.
pub(crate) struct Prepared<N: Node> {
    factory: <<N::Factory as Factory<N>>::Params as atoms_runtime::Params>::Prepared,
    methods: <N::Methods as Methods<N>>::Prepared,
    started: <N::Started as Methods<N>>::Prepared,
    stopped: <N::Stopped as Methods<N>>::Prepared,
}

impl<N: Node> Prepared<N> {
    pub(crate) fn new(start: &StartContext<'_>) -> Result<Self, Vec<atoms_runtime::PrepareError>> {
        use atoms_runtime::Params;
        let factory = <N::Factory as Factory<N>>::Params::prepare(start);
        let methods = N::Methods::prepare(start);
        let started = N::Started::prepare(start);
        let stopped = N::Stopped::prepare(start);
        match (factory, methods, started, stopped) {
            (Ok(factory), Ok(methods), Ok(started), Ok(stopped)) => {
                Ok(Self { factory, methods, started, stopped })
            }
            (factory, methods, started, stopped) => {
                let errors = [factory.err(), methods.err(), started.err(), stopped.err()];
                Err(errors.into_iter().flatten().flatten().collect())
            }
        }
    }
}
