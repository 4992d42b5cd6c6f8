//! The problems of a graph.

use std::fmt;
use std::sync::Arc;

use atoms_runtime::PrepareError;

use crate::zero::ZeroSetting;

/// A graph cannot run. The error lists all its problems.
#[derive(Clone)]
pub struct GraphError(Vec<GraphProblem>);

/// One problem of a graph.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum GraphProblem {
    /// The graph has no nodes.
    #[error(
        "the graph has no nodes\nhelp: add one with `.node::<Node>()`, or an edge with `.edge::<From, To>()`"
    )]
    Empty,
    /// An edge is there twice.
    #[error("the edge `{from} -> {to}` is there twice\nhelp: remove one of the two")]
    EdgeTwice {
        /// The name of the node that it begins at.
        from: &'static str,
        /// The name of the node that it leads to.
        to: &'static str,
    },
    /// The edges form a circle.
    #[error("nodes are connected in a circle: `{circle}`\nhelp: remove one of these edges")]
    Circle {
        /// The names of the nodes, in order, with the first one again at the end.
        circle: String,
    },
    /// A node has no edge, though there are others.
    #[error("the node `{node}` is not connected to any other\nhelp: connect it to the other nodes")]
    Alone {
        /// The name of the node.
        node: &'static str,
    },
    /// Some events would be lost, or would never arrive.
    #[error("{0}")]
    Events(String),
    /// The bus cannot read an event that a node takes.
    #[error(
        "the bus does not know `{event}`\nhelp: leave its discovery on, or add `.event::<Event>()` with the event's type"
    )]
    Unknown {
        /// The type string.
        event: &'static str,
    },
    /// A setting of the sessions is zero.
    #[error(transparent)]
    Zero(ZeroSetting),
    /// A parameter of a handler could not be prepared.
    #[error("the node `{node}` cannot run: {cause}")]
    Prepare {
        /// The path of the node's type.
        node: &'static str,
        /// The reason.
        #[source]
        cause: Arc<PrepareError>,
    },
}

/// Shows the same as `Display`, since `Debug` prints what `main` returns.
impl fmt::Debug for GraphError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl GraphError {
    pub(crate) fn of(problems: Vec<GraphProblem>) -> Result<(), Self> {
        if problems.is_empty() { Ok(()) } else { Err(Self(problems)) }
    }

    pub(crate) fn and(mut self, problems: Vec<GraphProblem>) -> Self {
        self.0.extend(problems);
        self
    }

    /// Returns all problems.
    pub fn problems(&self) -> &[GraphProblem] {
        &self.0
    }
}

impl fmt::Display for GraphError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the graph cannot run:")?;
        self.0.iter().try_for_each(|problem| write!(f, "\n- {}", problem.to_string().replace('\n', "\n  ")))
    }
}

impl std::error::Error for GraphError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.first().map(|first| first as _)
    }
}
