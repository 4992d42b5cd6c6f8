//! What expansions of the macros use. Not part of the public interface.

pub use atoms_runtime;

pub use crate::graph::check::{Sizes, at_compile_time};
pub use crate::graph::{Graph, NodeEntry};
pub use crate::node::factory::{ByDefault, Factory, FactoryMethod, Made, MadeBy, MadeByDefault};
pub use crate::node::method::{Handles, Method, Methods, Ran, Run};
pub use crate::node::respond::{Respond, Responds, Say, Text};
pub use crate::node::shape::{Kind, MethodShape};
pub use crate::node::{Node, NodeShape};
