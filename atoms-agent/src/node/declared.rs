//! What the nodes of a graph may take beside what the bus has.

use std::any::TypeId;

/// The types of the states that the sessions of a graph have, as the preparation of its nodes sees them.
#[derive(Default)]
pub(crate) struct Declared(pub(crate) Vec<TypeId>);
