//! The items that expansions of the macros use. They are not part of the public interface.

pub use atoms_runtime;

pub use crate::events::{Init, LlmRequest, Severity};
pub use crate::graph::Graph;
pub use crate::graph::check::{Sizes, emits, is_taken_before, is_wrong, of_node, taken_before};
pub use crate::graph::edge::Edge;
pub use crate::instance::ready::NodeBinding;
pub use crate::instance::respond::Responds;
pub use crate::node::conversation::{InEveryNode, OnlyInOutputs};
pub use crate::node::factory::{
    ByDefault, Factory, FactoryMethod, Made, MadeBy, MadeByDefault, describe_factory,
};
pub use crate::node::method::{Handles, IsPassedOn, Method, Methods, Ran, Run, Timed, describe};
pub use crate::node::respond::{Respond, Say, Text, Texts, describe_respond};
pub use crate::node::shape::{Kind, MethodShape};
pub use crate::node::{Node, NodeParts, NodeShape};
