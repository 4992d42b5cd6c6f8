//! Node graphs, sessions and the standard events of [`atoms`](https://docs.rs/atoms-rs).
//!
//! Programs depend on `atoms`, which has all of this as `atoms::agent`.

// The expansions of the macros name this crate by the path that they are given.
extern crate self as atoms_agent;

#[doc(hidden)]
#[path = "private.rs"]
pub mod __agent;
mod graph;
mod instance;
#[cfg(feature = "tools")]
mod model;
mod node;
mod protocol;
mod session;
pub mod testing;
mod zero;

pub use atoms_macros::{graph, node};
pub use futures_core::Stream;
pub use graph::{Graph, GraphBuilder, GraphError, GraphProblem};
pub use instance::{GraphOutput, GraphStopped, RunningGraph};
#[cfg(feature = "tools")]
pub use model::LogCalls;
pub use node::{Conversation, Message, Node, NodeProblem, NodeShape};
pub use protocol::events;
pub use session::{
    Addressed, AnyIdentity, Counts, Identity, Opening, Outgoing, RunningHandler, Sent, Session, SessionEnd,
    SessionError, SessionState, Sessions, SessionsBuilder, ToSessions,
};
pub use zero::ZeroSetting;
