//! What one agent may see and call.

use atoms_runtime::Bus;
use serde_json::Value;

use super::tools::JsonCalling;
use super::{ToolBus, Tools};
use crate::call::ToolError;
use crate::caller::Sender;
use crate::pattern;
use crate::tool::ToolInfo;

/// The tools that one agent may see and call.
///
/// ```
/// use atoms::prelude::*;
/// use atoms::tools::ToolSet;
/// use serde_json::json;
///
/// #[tool]
/// fn lookup_order(order_id: String) -> String {
///     format!("{order_id} is packed")
/// }
///
/// #[tool]
/// fn delete_customer(customer_id: String) {}
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let bus = Bus::builder().without_discovery().tool::<lookup_order>().tool::<delete_customer>().start()?;
/// let tools = ToolSet::for_agent("aiagents.Main").tools(["lookup_*", "refund"]);
///
/// assert_eq!(tools.list(&bus).map(|tool| tool.name()).collect::<Vec<_>>(), ["lookup_order"]);
/// tools.call(&bus, "lookup_order", json!({"order_id": "o-1"})).await?;
/// assert!(tools.call(&bus, "delete_customer", json!({"customer_id": "c-1"})).await.is_err());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolSet {
    sender: Sender,
    patterns: Vec<String>,
}

impl ToolSet {
    /// Creates the set of an agent, which is the sender of all calls. It has no tools until they are [named](Self::tools).
    pub fn for_agent(sender: impl Into<Sender>) -> Self {
        Self { sender: sender.into(), patterns: Vec::new() }
    }

    /// Adds the tools with these names. In a name, `*` stands for any characters.
    #[must_use]
    pub fn tools<P: Into<String>>(mut self, names: impl IntoIterator<Item = P>) -> Self {
        self.patterns.extend(names.into_iter().map(Into::into));
        self
    }

    /// Returns the agent.
    pub fn sender(&self) -> &Sender {
        &self.sender
    }

    /// Returns whether the agent may call a tool of this name.
    pub fn has(&self, name: &str) -> bool {
        self.patterns.iter().any(|pattern| pattern::matches(pattern, name))
    }

    /// Returns the tools of the set that the bus has, sorted by their names.
    pub fn list(&self, bus: &Bus) -> impl Iterator<Item = &'static ToolInfo> {
        bus.tools().list().filter(|tool| self.has(tool.name()))
    }

    /// Calls a tool of the set, with the agent as the sender.
    pub fn call<'a>(&self, bus: &'a Bus, name: &str, arguments: Value) -> JsonCalling<'a> {
        let tools = bus.tools();
        let refused = (!self.has(name)).then(|| self.unknown(&tools, name));
        tools.calling(name.into(), arguments, refused).sender(self.sender.clone())
    }

    /// Its error is the same for a tool that is not in the set and for one that does not exist.
    fn unknown(&self, tools: &Tools<'_>, name: &str) -> ToolError {
        let own = tools.list().map(ToolInfo::name).filter(|own| self.has(own));
        ToolError::Unknown { name: name.chars().take(64).collect(), nearest: pattern::nearest(name, own) }
    }
}
