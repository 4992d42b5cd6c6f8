//! Calls of tools by their names.

use std::fmt;
use std::future::IntoFuture;
use std::pin::Pin;

use atoms_control::Principal;
use atoms_runtime::Bus;
use serde_json::Value;

use super::calling::caller;
use crate::call::ToolError;
use crate::caller::{Caller, Sender};
use crate::tool::ToolInfo;
use crate::toolbox::Toolbox;

/// The tools of a bus, as models call them: what [`ToolBus::tools`](crate::ToolBus::tools) returns.
///
/// ```
/// use atoms::prelude::*;
/// use atoms::tools::ToolError;
/// use serde_json::json;
///
/// /// Adds two numbers.
/// #[tool]
/// fn add(left: i64, right: i64) -> i64 {
///     left + right
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let bus = Bus::builder().without_discovery().tool::<add>().start()?;
/// for tool in bus.tools().list() {
///     println!("{tool}: {}", tool.schema());
/// }
/// assert_eq!(bus.tools().call("add", json!({"left": 1, "right": 2})).await?, json!(3));
///
/// let wrong = bus.tools().call("add", json!({"left": "one", "rigth": 2})).await.unwrap_err();
/// assert!(matches!(wrong, ToolError::InvalidArguments { .. }));
/// println!("{wrong}"); // says all that is wrong, for the model to read
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Tools<'a> {
    bus: &'a Bus,
    toolbox: &'a Toolbox,
}

impl<'a> Tools<'a> {
    pub(super) fn new(bus: &'a Bus) -> Self {
        Self { bus, toolbox: Toolbox::of(bus) }
    }

    /// Returns the tools, sorted by their names.
    pub fn list(&self) -> impl Iterator<Item = &'static ToolInfo> + use<> {
        self.toolbox.infos()
    }

    /// Returns the tool with this name.
    pub fn get(&self, name: &str) -> Option<&'static ToolInfo> {
        self.toolbox.find(name).ok()
    }

    /// Calls a tool by its name, with arguments as a model gives them: an object.
    ///
    /// They are checked before any hook sees them. Those that take more than
    /// [`ToolSettings::arguments`](crate::ToolSettings::arguments) are refused.
    pub fn call(self, name: impl Into<String>, arguments: Value) -> JsonCalling<'a> {
        self.calling(name.into(), arguments, None)
    }

    pub(super) fn calling(
        self,
        name: String,
        arguments: Value,
        refused: Option<ToolError>,
    ) -> JsonCalling<'a> {
        JsonCalling { tools: self, name, arguments, said: None, refused }
    }
}

impl fmt::Debug for Tools<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.list().map(ToolInfo::name)).finish()
    }
}

/// A call by name that is about to be made; what [`Tools::call`] returns. Await it.
#[must_use = "no tool is called unless this is awaited"]
pub struct JsonCalling<'a> {
    tools: Tools<'a>,
    name: String,
    arguments: Value,
    said: Option<Box<Caller>>,
    /// Why the one who calls may not.
    refused: Option<ToolError>,
}

impl JsonCalling<'_> {
    /// Says which agent calls.
    pub fn sender(mut self, sender: impl Into<Sender>) -> Self {
        self.said.get_or_insert_default().sender = Some(sender.into());
        self
    }

    /// Says for whom it calls.
    pub fn principal(mut self, principal: &Principal) -> Self {
        self.said.get_or_insert_default().principal = Some(principal.clone());
        self
    }

    /// Says who calls, but for the agent.
    pub(crate) fn of(mut self, caller: Caller) -> Self {
        let said = self.said.get_or_insert_default();
        **said = Caller { sender: said.sender.take(), ..caller };
        self
    }
}

impl<'a> IntoFuture for JsonCalling<'a> {
    type Output = Result<Value, ToolError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        let (cause, caller) = caller(self.tools.bus, self.said);
        Box::pin(async move {
            let Tools { bus, toolbox } = self.tools;
            if let Some(refused) = self.refused {
                return Err(refused);
            }
            let info = toolbox.find(&self.name)?;
            toolbox.tool(info)?.call(bus, cause, self.arguments, caller).await
        })
    }
}

impl fmt::Debug for JsonCalling<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JsonCalling")
            .field("name", &self.name)
            .field("said", &self.said)
            .finish_non_exhaustive()
    }
}
