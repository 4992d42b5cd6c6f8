//! The definitions of tools that a model is given.

use std::error::Error;
use std::fmt;

use atoms_control::Problem;
use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use super::ToolInfo;
use crate::schema::{strict, without_missing};

/// The definition of a tool, as OpenAI-compatible chat APIs take it in `tools`.
///
/// It is written as `{"type": "function", "function": {"name", "description", "parameters", "strict"}}`. The name is that of the
/// tool, which these APIs take as it is.
///
/// ```
/// use atoms::prelude::*;
/// use serde_json::json;
///
/// /// Pays money back.
/// #[tool]
/// fn refund(order_id: String, #[tool(default = 100)] cents: u32) {}
///
/// let definition = <refund as Tool>::info().strict_definition()?;
/// let written = serde_json::to_value(&definition)?;
/// assert_eq!(written["function"]["name"], "refund");
/// assert_eq!(written["function"]["strict"], true);
/// let parameters = &written["function"]["parameters"];
/// assert_eq!(parameters["required"].as_array().map(Vec::len), Some(2));
/// assert_eq!(parameters["properties"]["cents"]["type"], json!(["integer", "null"]));
///
/// // In strict mode, a model says `null` for what it leaves out.
/// let given = definition.arguments(json!({"order_id": "o-1", "cents": null}));
/// assert_eq!(given, json!({"order_id": "o-1"}));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct ToolDefinition {
    tool: &'static ToolInfo,
    parameters: Value,
    is_strict: bool,
}

impl ToolInfo {
    /// Returns the definition of the tool, for a model that is not held to its schema. What it gives is checked.
    pub fn definition(&'static self) -> ToolDefinition {
        let mut parameters = self.schema().clone();
        if let Some(parameters) = parameters.as_object_mut() {
            parameters.remove("$schema");
        }
        ToolDefinition { tool: self, parameters, is_strict: false }
    }

    /// Returns the definition of the tool in strict mode, in which a model gives only arguments of the right form: each is
    /// required, and those that may be missing may be `null`. What only restricts values, such as a length, is left out, and is
    /// checked when the tool is called.
    ///
    /// Fails with all arguments that strict mode cannot express, such as maps, tuples and any JSON.
    ///
    /// ```
    /// use std::collections::BTreeMap;
    /// use atoms::prelude::*;
    ///
    /// #[tool]
    /// fn label(names: BTreeMap<String, String>) {}
    ///
    /// let not_strict = <label as Tool>::info().strict_definition().unwrap_err();
    /// assert_eq!(not_strict.problems()[0].path, "/names");
    /// ```
    pub fn strict_definition(&'static self) -> Result<ToolDefinition, NotStrict> {
        match strict(self.schema()) {
            Ok(parameters) => Ok(ToolDefinition { tool: self, parameters, is_strict: true }),
            Err(problems) => Err(NotStrict { tool: self.name(), problems }),
        }
    }
}

impl ToolDefinition {
    /// Returns the tool.
    pub fn tool(&self) -> &'static ToolInfo {
        self.tool
    }

    /// Returns the JSON Schema that the model is given.
    pub fn parameters(&self) -> &Value {
        &self.parameters
    }

    /// Returns whether it is in strict mode.
    pub fn is_strict(&self) -> bool {
        self.is_strict
    }

    /// Returns the arguments for a call, from those that the model gave: in strict mode, without each `null` that stands for a
    /// value that is missing.
    pub fn arguments(&self, mut given: Value) -> Value {
        if self.is_strict {
            without_missing(self.tool.schema(), self.tool.schema(), &mut given);
        }
        given
    }
}

impl Serialize for ToolDefinition {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let function = json!({
            "name": self.tool.name(),
            "description": self.tool.description(),
            "parameters": self.parameters,
            "strict": self.is_strict,
        });
        let mut written = serializer.serialize_struct("ToolDefinition", 2)?;
        written.serialize_field("type", "function")?;
        written.serialize_field("function", &function)?;
        written.end()
    }
}

/// A tool has arguments that strict mode cannot express.
#[derive(Clone, PartialEq, Eq)]
pub struct NotStrict {
    tool: &'static str,
    problems: Vec<Problem>,
}

impl NotStrict {
    /// Returns the name of the tool.
    pub fn tool(&self) -> &'static str {
        self.tool
    }

    /// Returns what cannot be expressed, each with its place in the arguments.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }
}

impl fmt::Display for NotStrict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the tool `{}` has no definition in strict mode", self.tool)?;
        for (number, Problem { path, message }) in self.problems.iter().enumerate() {
            let separator = if number == 0 { ": " } else { "; " };
            write!(f, "{separator}{path}: {message}")?;
        }
        Ok(())
    }
}

/// Shows the same as `Display`, since `Debug` prints what `main` returns.
impl fmt::Debug for NotStrict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Error for NotStrict {}
