//! One argument of a tool.

use std::fmt;

use atoms_control::schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;
use serde_json::Value;

/// The description of an argument, which `#[tool]` makes of a parameter.
pub struct Argument {
    pub(super) name: &'static str,
    pub(super) description: &'static str,
    pub(super) schema: fn(&mut SchemaGenerator) -> Schema,
    pub(super) default: Option<fn() -> Value>,
    pub(super) is_optional: bool,
    pub(super) is_sensitive: bool,
}

impl Argument {
    /// Describes a required argument of type `T`.
    pub const fn new<T: JsonSchema>(name: &'static str, description: &'static str) -> Self {
        Self {
            name,
            description,
            schema: SchemaGenerator::subschema_for::<T>,
            default: None,
            is_optional: false,
            is_sensitive: false,
        }
    }

    /// Returns the same argument, which may be missing.
    #[must_use]
    pub const fn optional(mut self) -> Self {
        self.is_optional = true;
        self
    }

    /// Returns the same argument, which has this value if it is missing.
    #[must_use]
    pub const fn with_default(mut self, default: fn() -> Value) -> Self {
        self.default = Some(default);
        self.optional()
    }

    /// Returns the same argument, whose value no event and no message shows.
    #[must_use]
    pub const fn sensitive(mut self) -> Self {
        self.is_sensitive = true;
        self
    }

    /// Returns its name.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Returns whether no event and no message shows its value.
    pub fn is_sensitive(&self) -> bool {
        self.is_sensitive
    }
}

impl fmt::Debug for Argument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Argument")
            .field("name", &self.name)
            .field("is_optional", &self.is_optional)
            .field("is_sensitive", &self.is_sensitive)
            .finish_non_exhaustive()
    }
}

/// The value as JSON; `null` if it cannot be written.
pub fn json(value: &impl Serialize) -> Value {
    serde_json::to_value(value).unwrap_or(Value::Null)
}
