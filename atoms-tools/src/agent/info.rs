//! What is known of an agent.

use std::fmt;
use std::panic::Location;
use std::sync::Arc;

use atoms_control::Principal;
use atoms_runtime::{
    CarriedType, Entry, EventTypes, HandlerError, HandlerInfo, Params, PrepareError, Registry, StartCheck,
    StartContext,
};

use super::Agent;
use super::function::{AgentFunction, RunAgent, bind};
use crate::caller::Sender;
use crate::events::AgentInvoked;
use crate::tool::{ToolInfo, unhandled};

/// What the registry knows of an agent.
///
/// ```
/// use atoms::prelude::*;
///
/// #[tool]
/// fn lookup_order(order_id: String) -> String {
///     format!("{order_id} is packed")
/// }
///
/// /// Answers questions of customers.
/// #[agent(name = "aiagents.Main", tools = [lookup_order])]
/// async fn main_agent(question: String) -> Result<String, String> {
///     Ok(format!("{question}? Yes."))
/// }
///
/// let info = <main_agent as Agent>::info();
/// assert_eq!((info.name(), info.description()), ("aiagents.Main", "Answers questions of customers."));
/// assert_eq!(info.tools().map(|tool| tool.name()).collect::<Vec<_>>(), ["lookup_order"]);
/// ```
pub struct AgentInfo {
    name: &'static str,
    description: &'static str,
    tools: &'static [fn() -> &'static ToolInfo],
    place: &'static Location<'static>,
    handler: HandlerInfo,
    handler_fn: fn() -> &'static HandlerInfo,
    emits: EventTypes,
    bind: Bind,
}

/// Prepares what the agent's function has extracted.
type Bind = fn(&StartContext<'_>) -> Result<Arc<dyn RunAgent>, Vec<PrepareError>>;

impl AgentInfo {
    /// Describes the agent `A`, whose function `F` calls, and which stands at `path`, in this place of the program's source.
    #[doc(hidden)]
    #[track_caller]
    pub const fn new<A: Agent, F: AgentFunction>(
        path: &'static str,
        name: &'static str,
        description: &'static str,
        tools: &'static [fn() -> &'static ToolInfo],
    ) -> Self {
        let (place, emits) = (Location::caller(), F::Params::EMITS);
        Self {
            name,
            description,
            tools,
            place,
            handler: HandlerInfo::method::<AgentInvoked, ()>(path, place.file(), place.line(), emits, true),
            handler_fn: || &A::info().handler,
            emits,
            bind: bind::<F>,
        }
    }

    /// Returns the name: `aiagents.Main`.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Returns the description, which is the doc comment of the function.
    pub fn description(&self) -> &'static str {
        self.description
    }

    /// Returns the tools that it may call by their names.
    pub fn tools(&self) -> impl Iterator<Item = &'static ToolInfo> + use<> {
        self.tools.iter().map(|info| info())
    }

    /// Returns the path of the function: its module and its name.
    pub fn path(&self) -> &'static str {
        self.handler.path()
    }

    /// What its parameters are extracted for.
    pub(crate) fn handler_fn(&self) -> fn() -> &'static HandlerInfo {
        self.handler_fn
    }

    pub(crate) fn bind(&self, start: &StartContext<'_>) -> Result<Arc<dyn RunAgent>, Vec<PrepareError>> {
        (self.bind)(start)
    }

    /// Its tools that the bus of this registry does not have.
    fn missing(&self, registry: &Registry) -> impl Iterator<Item = HandlerError> {
        let has = |tool: &ToolInfo| registry.entries::<ToolInfo>().any(|own| own.name() == tool.name());
        self.tools().filter(move |tool| !has(tool)).map(|tool| {
            let (name, path) = (tool.name(), tool.path());
            format!("its tool `{name}` is not on this bus: write `.tool::<{path}>()` where the bus is built")
                .into()
        })
    }
}

impl Entry for AgentInfo {
    const KIND: &'static str = "agent";
    const UNIQUE: bool = true;

    fn name(&self) -> &str {
        self.name
    }

    fn place(&self) -> &'static Location<'static> {
        self.place
    }

    fn check(&self, start: &StartCheck<'_>) -> Vec<HandlerError> {
        let prepared = self.bind(start.context()).err().unwrap_or_default();
        let mut problems: Vec<HandlerError> = prepared.into_iter().map(Into::into).collect();
        problems.extend(self.missing(start.registry()));
        problems.extend(unhandled(self.emits, start.registry()));
        problems
    }

    /// What its event carries.
    fn carries(&self) -> Vec<CarriedType> {
        vec![CarriedType::of::<Sender>(), CarriedType::of::<Principal>()]
    }
}

impl fmt::Debug for AgentInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AgentInfo")
            .field("name", &self.name)
            .field("path", &self.path())
            .finish_non_exhaustive()
    }
}

/// Its name.
impl fmt::Display for AgentInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}
