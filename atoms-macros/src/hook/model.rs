//! The model of a hook, made of its syntax alone. It borrows the syntax, whose spans messages need.

use syn::{ItemFn, PatType, Receiver, Type};

use super::parse::Options;
use crate::common::{function, types};

/// A hook.
pub(crate) struct Hook<'a> {
    pub(crate) function: &'a ItemFn,
    pub(crate) options: Options,
    pub(crate) receiver: Option<&'a Receiver>,
    /// The parameters without the receiver: the first is the call, the others are extracted.
    pub(crate) parameters: Vec<&'a PatType>,
    pub(crate) output: Option<&'a Type>,
}

/// When a hook runs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Stage {
    Before,
    After,
    /// As a configuration says, which names the hook.
    Configured,
}

impl<'a> Hook<'a> {
    pub(crate) fn new(options: Options, function: &'a ItemFn) -> Self {
        Self {
            function,
            options,
            receiver: function.sig.receiver(),
            parameters: function::typed(&function.sig).collect(),
            output: types::returned(&function.sig.output),
        }
    }

    pub(crate) fn is_async(&self) -> bool {
        self.function.sig.asyncness.is_some()
    }

    /// The parameters after the call.
    pub(crate) fn extracted(&self) -> impl Iterator<Item = &'a PatType> + '_ {
        self.parameters.iter().copied().skip(1)
    }
}

impl Stage {
    /// The type that a hook of this stage takes, for the tool of this name or for any tool.
    pub(crate) fn subject(self, tool: Option<&str>) -> String {
        match (self, tool) {
            (Self::Before, Some(tool)) => format!("Call<{tool}>"),
            (Self::Before, None) => "ToolCall".into(),
            (Self::After, Some(tool)) => format!("Done<{tool}>"),
            (Self::After, None) => "ToolDone".into(),
            (Self::Configured, _) => "EventData".into(),
        }
    }

    /// The names of the types that a hook of this stage takes.
    pub(crate) fn names(self) -> [&'static str; 2] {
        match self {
            Self::Before => ["Call", "ToolCall"],
            Self::After => ["Done", "ToolDone"],
            Self::Configured => ["EventData"; 2],
        }
    }
}
