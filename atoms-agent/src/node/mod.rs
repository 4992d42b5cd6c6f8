//! Nodes: stateful handlers in a graph, one instance per session.

mod check;
pub(crate) mod conversation;
pub(crate) mod declared;
pub(crate) mod factory;
mod layered;
pub(crate) mod method;
pub(crate) mod respond;
pub(crate) mod shape;

pub use check::NodeProblem;
pub use conversation::{Conversation, Message};
pub use shape::NodeShape;

use factory::Factory;
use method::Methods;

/// A stateful handler of events in a graph. Each session has its own instance.
///
/// [`#[node]`](macro@crate::node) implements it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a node",
    label = "not a node",
    note = "put `#[node]` on an `impl {Self}` block that has its handlers"
)]
pub trait Node: Sized + Send + 'static {
    /// The description of the node for graphs.
    #[doc(hidden)]
    const SHAPE: &'static NodeShape;
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
