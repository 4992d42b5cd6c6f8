//! Events of tools that a configuration binds to functions.

use std::fmt;

use atoms_runtime::{Bus, Shown};
use serde_json::{Map, Value};

use crate::bindings::META;
use crate::call::{EventData, EventStage, reason_text};
use crate::toolbox::{BoundEvent, Toolbox};

/// The events of a bus that a configuration binds to functions: what [`ToolBus::events`](crate::ToolBus::events) returns.
#[derive(Clone, Copy)]
pub struct Events<'a> {
    bus: &'a Bus,
    toolbox: &'a Toolbox,
}

impl<'a> Events<'a> {
    pub(super) fn new(bus: &'a Bus) -> Self {
        Self { bus, toolbox: Toolbox::of(bus) }
    }

    /// Returns the event of this full name, such as `events.agentToolEvent`.
    pub fn get(&self, name: &str) -> Option<ToolEvent<'a>> {
        self.list().find(|event| event.name() == name)
    }

    /// Returns the events, sorted by their names.
    pub fn list(&self) -> impl Iterator<Item = ToolEvent<'a>> + use<'a> {
        let bus = self.bus;
        self.toolbox.events().iter().map(move |bound| ToolEvent { bus, bound })
    }
}

impl fmt::Debug for Events<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.list()).finish()
    }
}

/// An event of tools, as a configuration binds it to a function.
///
/// ```
/// use atoms::prelude::*;
/// use atoms::tools::{Bindings, EventBinding, EventData, EventStage, SenderInfo};
/// use serde_json::{Map, json};
///
/// #[hook(func = "services.standardServicesTested.sayHello")]
/// async fn say_hello(data: EventData) {
///     println!("Tool {} called at {} stage", data.tool_name(), data.stage());
/// }
///
/// static TESTED: SenderInfo = SenderInfo::new("aiagents.ModelKnowTest");
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let binding = EventBinding::new("events.agentToolEvent", EventStage::PreEvent)
///     .title("Agent Tool Event")
///     .sender("aiagents.ModelKnowTest")
///     .func("services.standardServicesTested.sayHello");
/// let builder = Bus::builder().without_discovery().tool_hook::<say_hello>().entry(&TESTED);
/// let bus = builder.bindings(Bindings::new().with(binding)).start()?;
///
/// let event = bus.events().get("events.agentToolEvent").unwrap();
/// assert_eq!((event.title(), event.stage().as_str()), ("Agent Tool Event", "preEvent"));
///
/// // By hand, as for a test:
/// let data = json!({"toolName": "searchTool", "stage": "preEvent", "args": ["Search keywords"], "kwargs": {}});
/// let (node, args, kwargs) = event.handle_node(event.node(), vec![data], Map::new()).await?;
/// assert_eq!(node.remark, "Before calling searchTool");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy)]
pub struct ToolEvent<'a> {
    bus: &'a Bus,
    bound: &'a BoundEvent,
}

/// The node of an event that is fired by hand.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct EventNode {
    /// The function.
    pub func: String,
    /// What is noted of it: `Before calling searchTool`.
    pub remark: String,
}

impl EventNode {
    /// Creates a node of this function.
    pub fn new(func: impl Into<String>) -> Self {
        Self { func: func.into(), remark: String::new() }
    }
}

/// An event could not be fired by hand.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum FireError {
    /// The node is one of another function.
    #[error("the event `{event}` calls `{func}`, and its node has `{}`: write `event.node()`", Shown(given))]
    OtherFunction {
        /// The event.
        event: String,
        /// Its function.
        func: String,
        /// That of the node.
        given: String,
    },
    /// The data is not that of an event.
    #[error("the event `{event}` was not fired: {problem}")]
    WrongData {
        /// The event.
        event: String,
        /// What is wrong.
        problem: String,
    },
    /// The function has failed.
    #[error("the function `{func}` of the event `{event}` failed: {problem}")]
    Failed {
        /// The event.
        event: String,
        /// Its function.
        func: String,
        /// How.
        problem: String,
    },
}

impl<'a> ToolEvent<'a> {
    /// Returns the full name: `events.agentToolEvent`.
    pub fn name(&self) -> &'a str {
        self.bound.resolved.element.full_name()
    }

    /// Returns the title.
    pub fn title(&self) -> &'a str {
        self.bound.resolved.element.title()
    }

    /// Returns the type: `events.AIAgentType`, or one of the program's own.
    pub fn type_name(&self) -> &'a str {
        self.bound.resolved.element.type_name()
    }

    /// Returns the root of all types, the type, and the event.
    pub fn lineage(&self) -> [&'a str; 3] {
        [META, self.type_name(), self.name()]
    }

    /// Returns the agent whose calls it is about.
    pub fn sender(&self) -> &'a str {
        self.bound.resolved.sender
    }

    /// Returns whether the function is called before the tool or after it.
    pub fn stage(&self) -> EventStage {
        self.bound.resolved.stage
    }

    /// Returns the name of the function.
    pub fn func(&self) -> &'a str {
        self.bound.resolved.element.func()
    }

    /// Returns whether no call waits for the function.
    pub fn async_type(&self) -> bool {
        self.bound.resolved.element.is_async()
    }

    /// Returns the entry point, which is `.` if the configuration does not say another. Functions are linked, so it is not
    /// looked at.
    pub fn backend_bundle_entry(&self) -> &'a str {
        self.bound.resolved.element.bundle()
    }

    /// Returns a node of this event's function.
    pub fn node(&self) -> EventNode {
        EventNode::new(self.func())
    }

    /// Fires the event by hand. No tool is called, and events that the function emits are posted.
    ///
    /// The first of `args` is the data: an object with a `toolName`, with the `args` and the `kwargs` before a call, and with
    /// the `args` and a `result` after it. The function is given it, and what it returns takes its place. The node comes back
    /// with its remark, and everything else as it is. If the function is [not waited for](Self::async_type), so does the data.
    ///
    /// Fails if the data or the node are not those of this event, and if the function fails, panics or takes too long.
    pub async fn handle_node(
        &self,
        mut node: EventNode,
        mut args: Vec<Value>,
        kwargs: Map<String, Value>,
    ) -> Result<(EventNode, Vec<Value>, Map<String, Value>), FireError> {
        let (event, func) = (self.name().to_owned(), self.func().to_owned());
        if node.func != func {
            return Err(FireError::OtherFunction { event, func, given: node.func });
        }
        let mut data = match self.data(&args) {
            Ok(data) => data,
            Err(problem) => return Err(FireError::WrongData { event, problem }),
        };
        node.remark = self.bound.resolved.kind.remark(&data);
        let given = data.clone();
        if let Err(problem) = self.bound.fire(self.bus, &mut data).await {
            return Err(FireError::Failed { event, func, problem });
        }
        if data != given {
            args[0] = serde_json::to_value(data).unwrap_or_default();
        }
        Ok((node, args, kwargs))
    }

    fn data(&self, args: &[Value]) -> Result<EventData, String> {
        let given = args.first().ok_or("it has no data: put an object with a `toolName` first")?;
        EventData::by_hand(given.clone(), self.stage()).map_err(reason_text)
    }
}

impl fmt::Debug for ToolEvent<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ToolEvent")
            .field("name", &self.name())
            .field("title", &self.title())
            .field("sender", &self.sender())
            .field("stage", &self.stage())
            .field("func", &self.func())
            .field("async_type", &self.async_type())
            .finish_non_exhaustive()
    }
}
