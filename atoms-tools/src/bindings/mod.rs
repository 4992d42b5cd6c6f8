//! Hooks that are bound by a configuration: `e.json`.

mod element;
mod firing;
mod folder;
mod kind;
mod read;
mod sender;

use std::fmt;
use std::panic::Location;
use std::path::Path;

use atoms_runtime::BusBuilder;

use self::element::Given;
pub(crate) use element::{Element, Resolved};
pub use folder::BindingsError;
pub use kind::{BindingType, BindingTypeInfo};
pub(crate) use kind::{META, OURS};
pub use sender::SenderInfo;

use crate::call::EventStage;

/// Hooks that are bound by a configuration: which function is called before or after the calls of which agent.
///
/// They are read from a folder, in which each folder has an `e.json`, or written in code. Whatever is wrong with them, a bus
/// that starts reports: an unknown key, function, agent, stage or type, each with its line and column, and with the name that
/// may be meant.
///
/// ```
/// use atoms::prelude::*;
/// use atoms::tools::{Bindings, EventData, SenderInfo};
///
/// #[tool]
/// fn sensitive_data_tool(customer: String) -> String {
///     format!("all about {customer}")
/// }
///
/// #[hook(func = "events.permission.customFunc")]
/// fn custom_func(data: EventData) -> Result<EventData, String> {
///     match data.tool_name() {
///         "sensitive_data_tool" => Err("no permission to call sensitive tool".into()),
///         _ => Ok(data),
///     }
/// }
///
/// static MAIN: SenderInfo = SenderInfo::new("aiagents.Main");
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// // Or `Bindings::from_dir("events")?`, which reads `events/permission/e.json`.
/// let bindings = Bindings::new().json(
///     "events.permission",
///     r#"{
///         "title": "Permission Control",
///         "type": "events.AIAgentType",
///         "sender": "aiagents.Main",
///         "stage": "preEvent",
///         "func": "events.permission.customFunc"
///     }"#,
/// );
/// let builder = Bus::builder().without_discovery().tool::<sensitive_data_tool>().tool_hook::<custom_func>();
/// let bus = builder.entry(&MAIN).bindings(bindings).start()?;
///
/// let args = || SensitiveDataToolArgs { customer: "c-1".into() };
/// let denied = sensitive_data_tool::call(&bus, args()).sender("aiagents.Main").await.unwrap_err();
/// assert!(denied.is_denied());
/// assert!(denied.to_string().contains("no permission to call sensitive tool"));
/// assert!(sensitive_data_tool::call(&bus, args()).sender("aiagents.Other").await.is_ok());
/// # Ok(())
/// # }
/// ```
///
/// A binding is kept until the process ends, as code is: load those of a program once.
#[derive(Debug, Default)]
#[must_use = "give them to a bus: `Bus::builder().bindings(bindings)`"]
pub struct Bindings {
    elements: Vec<Element>,
}

impl Bindings {
    /// Returns no bindings.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads the bindings of a folder: `e.json` in its folder `agentToolEvent` is the event `events.agentToolEvent`, and so on
    /// for up to 8 folders in each other, and 4,096 in all. Other files are not looked at, and neither are folders whose names begin with `.`
    /// or `__`. A file has at most 64 KiB. Links are followed.
    ///
    /// Fails if a folder or a file cannot be read, if there are more folders, or they are deeper in each other, which they also
    /// are if a link leads back to a folder that it is in, and if a link leads nowhere. What is wrong in the files, the start of
    /// the bus reports.
    #[track_caller]
    pub fn from_dir(dir: impl AsRef<Path>) -> Result<Self, BindingsError> {
        folder::from_dir(dir.as_ref(), Location::caller()).map(|elements| Self { elements })
    }

    /// Adds a binding with the text of an `e.json`.
    #[track_caller]
    pub fn json(mut self, name: &str, text: &str) -> Self {
        let file = format!("{}/e.json", name.replace('.', "/"));
        let mut element = Element::new(name.into(), Some(file), Location::caller());
        read::read(text, &mut element);
        self.elements.push(element);
        self
    }

    /// Adds a binding that is written in code.
    pub fn with(mut self, binding: EventBinding) -> Self {
        self.elements.push(binding.element);
        self
    }

    /// Gives them to a bus.
    pub(crate) fn add_to(self, builder: BusBuilder) -> BusBuilder {
        self.elements
            .into_iter()
            .fold(builder, |builder, element| builder.entry(Box::leak(Box::new(element))))
    }
}

/// A binding that is written in code.
///
/// ```
/// use atoms::tools::{Bindings, EventBinding, EventStage};
///
/// let audit = EventBinding::new("events.audit", EventStage::PostEvent)
///     .title("Audit")
///     .sender("aiagents.Main")
///     .func("services.audit.log")
///     .async_type(true);
/// let bindings = Bindings::new().with(audit);
/// ```
#[must_use = "add it: `Bindings::new().with(binding)`"]
pub struct EventBinding {
    element: Element,
}

impl EventBinding {
    /// Creates a binding of this name, at this stage. Its type is `events.AIAgentType`, if it does not say otherwise.
    #[track_caller]
    pub fn new(name: impl Into<String>, stage: EventStage) -> Self {
        let mut element = Element::new(name.into(), None, Location::caller());
        element.stage = Some(stage);
        Self { element }.of_type(OURS)
    }

    /// Says what it is for.
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.element.title = title.into();
        self
    }

    /// Sets its type.
    pub fn of_type(mut self, name: impl Into<String>) -> Self {
        self.element.type_name = Some(Given { text: name.into(), place: None });
        self
    }

    /// Sets the agent whose calls it is about.
    pub fn sender(mut self, name: impl Into<String>) -> Self {
        self.element.sender = Some(Given { text: name.into(), place: None });
        self
    }

    /// Sets the function: the `func` of a hook, or the Rust path of one.
    pub fn func(mut self, name: impl Into<String>) -> Self {
        self.element.func = Some(Given { text: name.into(), place: None });
        self
    }

    /// Sets whether no call waits for the function, whose answer then replaces nothing.
    pub fn async_type(mut self, is_async: bool) -> Self {
        self.element.is_async = is_async;
        self
    }
}

impl fmt::Debug for EventBinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.element.fmt(f)
    }
}
