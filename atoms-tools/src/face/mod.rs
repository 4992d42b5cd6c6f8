//! What a program does with tools.

mod agents;
mod calling;
mod events;
mod set;
mod tools;

use atoms_runtime::{Bus, BusBuilder};

pub use agents::{AgentHandle, Agents};
pub use calling::{Called, ToolCalling, calling};
pub use events::{EventNode, Events, FireError, ToolEvent};
pub use set::{ToolSet, UnknownTools};
pub use tools::{JsonCalling, Tools};

use crate::agent::Agent;
use crate::bindings::Bindings;
use crate::hook::Hook;
use crate::tool::Tool;
use crate::toolbox::{ASKER, ToolSettings, end_answered, end_cancelled, end_expired, run_approved, run_lent};

/// What tools add to a [`Bus`].
pub trait ToolBus {
    /// The tools of the bus, which are called by their names.
    fn tools(&self) -> Tools<'_>;

    /// The events of tools that a configuration binds to functions.
    fn events(&self) -> Events<'_>;

    /// The agents of the bus, which are started by their names.
    fn agents(&self) -> Agents<'_>;
}

impl ToolBus for Bus {
    fn tools(&self) -> Tools<'_> {
        Tools::new(self)
    }

    fn events(&self) -> Events<'_> {
        Events::new(self)
    }

    fn agents(&self) -> Agents<'_> {
        Agents::new(self)
    }
}

/// What tools add to a [`BusBuilder`].
pub trait ToolsBuilder: Sized {
    /// Adds a tool to a bus without discovery; with discovery, it has all that are linked.
    #[must_use]
    fn tool<T: Tool>(self) -> Self;

    /// Adds a hook to a bus without discovery; with discovery, it has all that are linked.
    #[must_use]
    fn tool_hook<H: Hook>(self) -> Self;

    /// Adds hooks that a configuration binds. What is wrong with them, the start reports.
    #[must_use]
    fn bindings(self, bindings: Bindings) -> Self;

    /// Adds an agent to a bus without discovery; with discovery, it has all that are linked. Its tools are added beside it, with
    /// `tool`.
    #[must_use]
    fn agent<A: Agent>(self) -> Self;

    /// Sets the limits of all tools.
    #[must_use]
    fn tool_settings(self, settings: ToolSettings) -> Self;
}

impl ToolsBuilder for BusBuilder {
    fn tool<T: Tool>(self) -> Self {
        self.entry(T::info())
            .entry(&ASKER)
            .handler::<run_approved>()
            .handler::<end_answered>()
            .handler::<end_expired>()
            .handler::<end_cancelled>()
            .handler::<run_lent>()
    }

    fn tool_hook<H: Hook>(self) -> Self {
        self.entry(H::info())
    }

    fn bindings(self, bindings: Bindings) -> Self {
        bindings.add_to(self)
    }

    fn agent<A: Agent>(self) -> Self {
        self.entry(A::info())
    }

    fn tool_settings(self, settings: ToolSettings) -> Self {
        self.extension(settings)
    }
}
