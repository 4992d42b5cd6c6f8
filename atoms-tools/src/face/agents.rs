//! How agents are started.

use std::fmt;
use std::sync::Arc;

use atoms_control::{Control, Running, Runs};
use atoms_runtime::{Bus, Delivery, ExtractError, FromDelivery, PrepareError, Shown, StartContext};
use serde::Serialize;
use serde_json::Value;

use super::ToolSet;
use crate::agent::{AgentError, AgentInfo};
use crate::caller::Sender;
use crate::toolbox::{AgentsOfBus, BoundAgent};

/// The agents of a bus: what [`ToolBus::agents`](crate::ToolBus::agents) returns.
///
/// ```
/// use atoms::control::AgentCompleted;
/// use atoms::prelude::*;
/// use serde_json::json;
///
/// #[tool]
/// fn lookup_order(order_id: String) -> String {
///     format!("{order_id} is packed")
/// }
///
/// /// Answers questions of customers.
/// #[agent(name = "aiagents.Main", tools = [lookup_order])]
/// async fn main_agent(order_id: String, context: Context, run: Run) -> Result<String, ToolError> {
///     drop(run.progress(0, 1, "looking it up"));
///     // A call with `aiagents.Main` as its sender.
///     lookup_order::call(context.bus(), LookupOrderArgs { order_id }).await
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let bus = Bus::builder().without_discovery().tool::<lookup_order>().agent::<main_agent>().start()?;
/// let completed = bus.expect::<AgentCompleted>(|completed| completed.source == "aiagents.Main");
/// let agent = bus.agents().get("aiagents.Main")?;
/// assert_eq!(agent.start("o-1")?.await?, json!("o-1 is packed"));
/// completed.await?;
/// assert!(bus.agents().get("aiagents.Man").unwrap_err().to_string().ends_with("did you mean `aiagents.Main`?"));
/// # Ok(())
/// # }
/// ```
pub struct Agents<'a> {
    bus: &'a Bus,
    agents: Arc<AgentsOfBus>,
}

impl<'a> Agents<'a> {
    pub(super) fn new(bus: &'a Bus) -> Self {
        Self { bus, agents: AgentsOfBus::of(bus) }
    }

    /// Returns the agent of this name. Fails if there is none, and says which one may be meant.
    pub fn get(&self, name: &str) -> Result<AgentHandle<'a>, AgentError> {
        Ok(AgentHandle { bus: self.bus, bound: self.agents.find(name)?.clone(), is_apart: false })
    }

    /// Returns the agents, sorted by their names.
    pub fn list(&self) -> impl Iterator<Item = &'static AgentInfo> {
        self.agents.all().map(|bound| bound.info)
    }
}

impl fmt::Debug for Agents<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.list().map(AgentInfo::name)).finish()
    }
}

/// An agent of a bus, which can be started: what [`Agents::get`] returns.
///
/// Its work is a [`Run`](atoms_control::Run) with its name. Where it is started in the work of another run, such as that of another
/// agent, it is a part of that, and ends with it, unless it is started [`apart`](Self::apart).
#[derive(Debug, Clone)]
pub struct AgentHandle<'a> {
    bus: &'a Bus,
    bound: BoundAgent,
    is_apart: bool,
}

impl AgentHandle<'_> {
    /// Returns what is known of it.
    pub fn info(&self) -> &'static AgentInfo {
        self.bound.info
    }

    /// Returns its tools. The agent is the sender of their calls.
    pub fn tools(&self) -> ToolSet {
        ToolSet::of_agent(self.info())
    }

    /// Returns the same, whose work is no part of another run: it goes on when that in whose work it is started ends. So one agent
    /// starts the next one of a chain, which is stopped as a loop when it has more than 256 runs
    /// ([`NotStarted::Loop`](atoms_control::NotStarted::Loop)).
    #[must_use]
    pub fn apart(self) -> Self {
        Self { is_apart: true, ..self }
    }

    /// Starts it with what it is to work on. Await what is returned for its result, or detach that.
    ///
    /// It tells that it was created, that it has started, how far it is, if its function does, and that it has completed or failed:
    /// [`AgentCreated`](atoms_control::AgentCreated), [`AgentStarted`](atoms_control::AgentStarted),
    /// [`Progress`](atoms_control::Progress), [`AgentCompleted`](atoms_control::AgentCompleted),
    /// [`AgentFailed`](atoms_control::AgentFailed). What its function does follows from one event, which carries the agent as the
    /// [`Sender`] of calls.
    ///
    /// Fails if the function takes something else. Then it is not started, and nothing is told.
    pub fn start(&self, input: impl Serialize) -> Result<Running<Value>, AgentError> {
        self.bound.start(self.runs(), self.written(input)?, None)
    }

    /// Starts it with a task. It tells also that this has begun, and that it was completed or has failed
    /// ([`TaskStarted`](atoms_control::TaskStarted), [`TaskCompleted`](atoms_control::TaskCompleted),
    /// [`TaskFailed`](atoms_control::TaskFailed)). The task's name there is its text, or else its JSON, of 1 KiB at most.
    ///
    /// ```
    /// use atoms::control::TaskCompleted;
    /// use atoms::prelude::*;
    ///
    /// #[agent(name = "aiagents.Writer")]
    /// async fn writer(task: String) -> Result<usize, String> {
    ///     Ok(task.len())
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let bus = Bus::builder().without_discovery().agent::<writer>().start()?;
    /// let completed = bus.expect::<TaskCompleted>(|completed| completed.task == "write a poem");
    /// assert_eq!(bus.agents().get("aiagents.Writer")?.execute_task("write a poem")?.await?, 12);
    /// assert_eq!(completed.await?.source, "aiagents.Writer");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Fails as [`start`](Self::start) does.
    pub fn execute_task(&self, task: impl Serialize) -> Result<Running<Value>, AgentError> {
        let task = self.written(task)?;
        let name = task.as_str().map_or_else(|| Shown(&task).to_string(), |text| Shown(text).to_string());
        self.bound.start(self.runs(), task, Some(name))
    }

    fn runs(&self) -> Runs<'_> {
        let runs = self.bus.runs();
        if self.is_apart { runs.apart() } else { runs }
    }

    fn written(&self, input: impl Serialize) -> Result<Value, AgentError> {
        serde_json::to_value(input).map_err(|error| AgentError::wrong_input(self.info().name(), &error))
    }
}

/// The tools of the agent that does this work.
///
/// ```
/// use atoms::prelude::*;
/// use atoms::tools::ToolSet;
/// use serde_json::{Value, json};
///
/// #[tool]
/// fn lookup_order(order_id: String) -> String {
///     format!("{order_id} is packed")
/// }
///
/// #[agent(name = "aiagents.Main", tools = [lookup_order])]
/// async fn main_agent(call: (String, Value), tools: ToolSet, context: Context) -> Result<Value, ToolError> {
///     tools.call(context.bus(), &call.0, call.1).await
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let bus = Bus::builder().without_discovery().tool::<lookup_order>().agent::<main_agent>().start()?;
/// let call = ("lookup_order", json!({"order_id": "o-1"}));
/// assert_eq!(bus.agents().get("aiagents.Main")?.start(call)?.await?, json!("o-1 is packed"));
/// # Ok(())
/// # }
/// ```
#[diagnostic::do_not_recommend]
impl FromDelivery for ToolSet {
    type Prepared = ();

    fn prepare(_: &StartContext<'_>) -> Result<(), PrepareError> {
        Ok(())
    }

    fn from_delivery((): &(), delivery: &Delivery<'_>) -> Result<Self, ExtractError> {
        let sender = delivery.carried::<Sender>();
        let sender =
            sender.ok_or_else(|| ExtractError::missing("the event is not in the work of an agent"))?;
        let bus = delivery.bus();
        let agent = Agents::new(&bus)
            .get(sender.as_str())
            .map_err(|error| ExtractError::missing(error.to_string()))?;
        Ok(agent.tools())
    }
}
