//! What one agent may see and call.

use std::error::Error;
use std::fmt;

use atoms_runtime::{Bus, Shown};
use serde_json::Value;

use super::tools::JsonCalling;
use super::{ToolBus, Tools};
use crate::agent::AgentInfo;
use crate::call::ToolError;
use crate::caller::Sender;
use crate::pattern;
use crate::tool::{NotStrict, ToolDefinition, ToolInfo};

/// The tools that one agent may see and call. An agent with [`#[agent]`](macro@crate::agent) takes its own as a parameter.
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
/// let tools = ToolSet::for_agent("aiagents.Main").tools(&bus, ["lookup_*"])?;
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

    /// That of an agent, with its tools.
    pub(super) fn of_agent(agent: &AgentInfo) -> Self {
        let names = agent.tools().map(|tool| tool.name().to_owned());
        Self { sender: agent.name().into(), patterns: names.collect() }
    }

    /// Adds the tools with these names. In a name, `*` stands for any characters.
    ///
    /// Fails if the bus has no tool for one of the names, and says which one may be meant.
    ///
    /// ```
    /// # use atoms::prelude::*;
    /// # use atoms::tools::ToolSet;
    /// # #[tool]
    /// # fn lookup_order(order_id: String) {}
    /// # let bus = Bus::builder().without_discovery().tool::<lookup_order>().start().unwrap();
    /// let error = ToolSet::for_agent("aiagents.Main").tools(&bus, ["lokup_*"]).unwrap_err();
    /// assert_eq!(error.to_string(), "the agent `aiagents.Main` has no tool `lokup_*`: did you mean `lookup_order`?");
    /// ```
    pub fn tools<P: Into<String>>(
        mut self,
        bus: &Bus,
        names: impl IntoIterator<Item = P>,
    ) -> Result<Self, UnknownTools> {
        let known: Vec<_> = bus.tools().list().map(ToolInfo::name).collect();
        let added: Vec<String> = names.into_iter().map(Into::into).collect();
        let is_unknown = |name: &&String| !known.iter().any(|known| pattern::matches(name, known));
        let unknown: Vec<_> = added
            .iter()
            .filter(is_unknown)
            .map(|name| (Shown(name).to_string(), pattern::nearest(name, known.iter().copied())))
            .collect();
        if !unknown.is_empty() {
            return Err(UnknownTools { sender: self.sender, unknown });
        }
        self.patterns.extend(added);
        Ok(self)
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

    /// Returns the definitions of these tools, for a model.
    ///
    /// ```
    /// # use atoms::prelude::*;
    /// # use atoms::tools::ToolSet;
    /// # use serde_json::json;
    /// /// Looks an order up.
    /// #[tool]
    /// fn lookup_order(order_id: String) {}
    ///
    /// let bus = Bus::builder().without_discovery().tool::<lookup_order>().start()?;
    /// let tools = ToolSet::for_agent("aiagents.Main").tools(&bus, ["lookup_*"])?;
    /// let request = json!({"model": "parrot", "messages": [], "tools": tools.definitions(&bus)});
    /// assert_eq!(request["tools"][0]["function"]["description"], "Looks an order up.");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn definitions(&self, bus: &Bus) -> Vec<ToolDefinition> {
        self.list(bus).map(ToolInfo::definition).collect()
    }

    /// Returns the definitions of these tools in strict mode. Fails with the first tool that has none: see
    /// [`ToolInfo::strict_definition`].
    pub fn strict_definitions(&self, bus: &Bus) -> Result<Vec<ToolDefinition>, NotStrict> {
        self.list(bus).map(ToolInfo::strict_definition).collect()
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

/// A bus has no tools of these names, which were given to a [`ToolSet`].
#[derive(Clone, PartialEq, Eq)]
pub struct UnknownTools {
    sender: Sender,
    /// The names, and for each the one that is most like it.
    unknown: Vec<(String, Option<&'static str>)>,
}

impl UnknownTools {
    /// Returns the names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.unknown.iter().map(|(name, _)| &**name)
    }
}

impl fmt::Display for UnknownTools {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the agent `{}` has no tool ", Shown(&self.sender))?;
        for (place, (name, nearest)) in self.unknown.iter().enumerate() {
            let separator = if place == 0 { "" } else { "; and no tool " };
            write!(f, "{separator}`{name}`")?;
            match nearest {
                Some(nearest) => write!(f, ": did you mean `{nearest}`?")?,
                None => f.write_str(": no tool of the bus is called like this")?,
            }
        }
        Ok(())
    }
}

/// Shows the same as `Display`, since `Debug` prints what `main` returns.
impl fmt::Debug for UnknownTools {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Error for UnknownTools {}
