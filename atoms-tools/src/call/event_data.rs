//! A call of a tool as functions see it that a configuration names.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

/// When a function is called that a configuration names: the `stage` of an `e.json`.
///
/// It is shown, written and read as it is written there: `preEvent` or `postEvent`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum EventStage {
    /// Before a tool is called.
    PreEvent,
    /// After a tool was called.
    PostEvent,
}

impl EventStage {
    pub(crate) const ALL: [Self; 2] = [Self::PreEvent, Self::PostEvent];

    /// Returns the word for it: `preEvent` or `postEvent`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PreEvent => "preEvent",
            Self::PostEvent => "postEvent",
        }
    }
}

impl fmt::Display for EventStage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A call of a tool, as a function takes it that a configuration names: `#[hook(func = "services.audit.log")]`.
///
/// What the function returns replaces the arguments before a call, and the result after it. As JSON, this is the document's
/// `eventOutData`: `{"toolName": "refund", "stage": "preEvent", "args": {"cents": 5}, "kwargs": {}}`.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct EventData {
    tool_name: String,
    stage: EventStage,
    /// The arguments: before a call an object with each by its name, after it the same as JSON text.
    ///
    /// A function may also return a list, which has the arguments in the order of the tool's parameters.
    #[serde(default)]
    pub args: Value,
    /// Further arguments by their names, which is empty unless the function adds some.
    #[serde(default)]
    pub kwargs: Map<String, Value>,
    /// The result, after a call that has succeeded.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub result: Option<Value>,
    /// Why there is no result, after a call that was denied or has failed. It stays so, unless the function returns a result.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// What else was given with an event that is fired by hand.
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

impl EventData {
    pub(crate) fn before(tool: &str, args: Value) -> Self {
        Self {
            tool_name: tool.into(),
            stage: EventStage::PreEvent,
            args,
            kwargs: Map::new(),
            result: None,
            error: None,
            more: Map::new(),
        }
    }

    pub(crate) fn after(tool: &str, args: &Value, result: Result<Value, String>) -> Self {
        let (result, error) = match result {
            Ok(result) => (Some(result), None),
            Err(error) => (None, Some(error)),
        };
        let stage = EventStage::PostEvent;
        Self { stage, result, error, ..Self::before(tool, args.to_string().into()) }
    }

    /// Reads what is given with an event that is fired by hand, at a stage that need not be said.
    pub(crate) fn by_hand(mut given: Value, stage: EventStage) -> Result<Self, String> {
        if let Value::Object(members) = &mut given {
            members.entry("stage").or_insert_with(|| stage.as_str().into());
        }
        let data: Self = serde_json::from_value(given).map_err(|error| error.to_string())?;
        match data.stage == stage {
            true => Ok(data),
            false => Err(format!("its `stage` is `{}`, and the event is one of `{stage}`", data.stage)),
        }
    }

    /// Returns the name of the tool.
    pub fn tool_name(&self) -> &str {
        &self.tool_name
    }

    /// Returns whether this is before the call or after it.
    pub fn stage(&self) -> EventStage {
        self.stage
    }
}

/// A result that is there, also if it is `null`.
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

/// Does not show arguments and results, which may be sensitive.
impl fmt::Debug for EventData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventData")
            .field("tool_name", &self.tool_name)
            .field("stage", &self.stage)
            .field("error", &self.error)
            .finish_non_exhaustive()
    }
}
