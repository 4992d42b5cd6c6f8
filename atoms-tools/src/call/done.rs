//! The outcome of a call, for after-hooks.

use std::fmt;
use std::time::Duration;

use atoms_control::Principal;
use atoms_runtime::EventId;
use serde_json::Value;

use super::{CallHead, ToolError, asked};
use crate::caller::Sender;
use crate::schema::masked;
use crate::tool::{Tool, ToolInfo};

/// Whether the function of a tool was called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CallOutcome {
    /// It was called, with any result.
    Ran,
    /// It was not called: a hook, a person or a deadline has denied it.
    Denied,
    /// It was not called: a before-hook has replaced its result.
    Replaced,
}

/// The outcome of a call of the tool `T`, for an after-hook of that tool.
///
/// ```
/// use atoms::prelude::*;
///
/// #[tool]
/// fn refund(cents: u64) -> u64 {
///     cents
/// }
///
/// #[hook(after)]
/// fn round(done: &mut Done<refund>) {
///     if let Ok(cents) = &mut done.result {
///         *cents -= *cents % 100;
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let bus = Bus::builder().without_discovery().tool::<refund>().tool_hook::<round>().start()?;
/// assert_eq!(refund::call(&bus, RefundArgs { cents: 250 }).await?, 200);
/// # Ok(())
/// # }
/// ```
pub struct Done<T: Tool> {
    /// The result, or why there is none. What a hook puts here is what the caller gets.
    pub result: Result<T::Output, ToolError>,
    pub(crate) args: T::Args,
    pub(crate) head: CallHead,
    pub(crate) outcome: CallOutcome,
    pub(crate) latency: Option<Duration>,
}

/// The outcome of a call of any tool, with arguments and result as JSON.
///
/// ```
/// use atoms::prelude::*;
///
/// #[hook(after, tools = "*", detached)]
/// async fn audit(done: &ToolDone) {
///     println!("{} for {:?}: {:?}", done.tool(), done.sender(), done.outcome());
/// }
/// ```
pub struct ToolDone {
    /// The result, or why there is none. What a hook puts here is what the caller gets.
    pub result: Result<Value, ToolError>,
    pub(crate) args: Value,
    pub(crate) head: CallHead,
    pub(crate) outcome: CallOutcome,
    pub(crate) latency: Option<Duration>,
}

macro_rules! done {
    ($args:ty) => {
        /// Returns the arguments with which the function was called, or would have been.
        pub fn args(&self) -> &$args {
            &self.args
        }

        /// Returns whether the function was called, and if not, why.
        pub fn outcome(&self) -> CallOutcome {
            self.outcome
        }

        /// Returns how long the call took until now, or `None` if no clock is read: nobody takes the events that tell of the
        /// call, and there is no hook of any tool.
        pub fn latency(&self) -> Option<Duration> {
            self.latency
        }
    };
}

impl<T: Tool> Done<T> {
    done!(T::Args);

    asked!();
}

impl ToolDone {
    done!(Value);

    asked!();
}

impl<T: Tool> fmt::Debug for Done<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Done")
            .field("tool", &self.tool().name())
            .field("args", &self.args)
            .field("outcome", &self.outcome())
            .field("error", &self.result.as_ref().err())
            .finish_non_exhaustive()
    }
}

/// With what is sensitive masked.
impl fmt::Debug for ToolDone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ToolDone")
            .field("tool", &self.tool().name())
            .field("args", &masked(self.tool().arguments(), self.args.clone()))
            .field("outcome", &self.outcome())
            .field("error", &self.result.as_ref().err())
            .finish_non_exhaustive()
    }
}
