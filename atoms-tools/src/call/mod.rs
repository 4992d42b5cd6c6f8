//! One call of a tool, as hooks see it.

mod args;
mod done;
mod error;
mod event_data;
mod verdict;

use std::fmt;
use std::sync::{Arc, OnceLock};

use atoms_control::Principal;
use atoms_runtime::EventId;
use serde_json::Value;

pub use args::Arguments;
pub use done::{CallOutcome, Done, ToolDone};
pub use error::ToolError;
pub(crate) use error::reason_text;
pub use event_data::{EventData, EventStage};
pub use verdict::{AnyTool, Target, Verdict};

use crate::caller::{Caller, Sender};
use crate::schema::masked;
use crate::tool::{Tool, ToolInfo};

/// What all who see a call know of it.
pub(crate) struct CallHead {
    pub(crate) tool: &'static ToolInfo,
    pub(crate) caller: Option<Arc<Caller>>,
    /// Made when somebody first wants it. In an `Arc`, since it is seldom there, and the call is moved.
    id: OnceLock<Arc<EventId>>,
}

impl CallHead {
    #[inline]
    pub(crate) fn new(tool: &'static ToolInfo, caller: Option<Arc<Caller>>) -> Self {
        Self { tool, caller, id: OnceLock::new() }
    }

    pub(crate) fn with_id(self, id: EventId) -> Self {
        Self { id: Arc::new(id).into(), ..self }
    }

    pub(crate) fn id(&self) -> &EventId {
        self.shared_id()
    }

    fn shared_id(&self) -> &Arc<EventId> {
        self.id.get_or_init(|| Arc::new(EventId::generate()))
    }

    pub(crate) fn sender(&self) -> Option<&Sender> {
        self.caller.as_ref()?.sender.as_ref()
    }

    pub(crate) fn principal(&self) -> Option<&Principal> {
        self.caller.as_ref()?.principal.as_ref()
    }

    pub(crate) fn session(&self) -> Option<&str> {
        self.caller.as_ref()?.session.as_deref()
    }
}

impl Clone for CallHead {
    /// A clone is the same call, so the id is made before.
    fn clone(&self) -> Self {
        Self { tool: self.tool, caller: self.caller.clone(), id: Arc::clone(self.shared_id()).into() }
    }
}

/// What hooks may ask any call, or what became of it.
macro_rules! asked {
    () => {
        /// Returns the id of the call, which is made now if there is none yet.
        pub fn id(&self) -> &EventId {
            self.head.id()
        }

        /// Returns the tool.
        pub fn tool(&self) -> &'static ToolInfo {
            self.head.tool
        }

        /// Returns which agent calls it, if that is known.
        pub fn sender(&self) -> Option<&Sender> {
            self.head.sender()
        }

        /// Returns for whom it is called, if that is known.
        pub fn principal(&self) -> Option<&Principal> {
            self.head.principal()
        }

        /// Returns the session in which it is called, if it is called in one.
        pub fn session(&self) -> Option<&str> {
            self.head.session()
        }
    };
}
pub(crate) use asked;

/// A call of the tool `T`, for a hook of that tool.
///
/// ```
/// use atoms::prelude::*;
///
/// #[tool]
/// fn refund(order_id: String, cents: u64) -> String {
///     format!("{cents} for {order_id}")
/// }
///
/// #[hook(before)]
/// fn at_most_100(call: &mut Call<refund>) -> Verdict<refund> {
///     call.args.cents = call.args.cents.min(100); // what is changed is checked again
///     Verdict::Allow
/// }
/// ```
pub struct Call<T: Tool> {
    /// The arguments.
    pub args: Arguments<T::Args>,
    pub(crate) head: CallHead,
}

impl<T: Tool> Call<T> {
    #[inline]
    pub(crate) fn new(head: CallHead, args: T::Args) -> Self {
        Self { args: Arguments::unchanged(args), head }
    }

    asked!();
}

/// A call of any tool, with its arguments as JSON.
///
/// ```
/// use atoms::prelude::*;
///
/// #[hook(before, tools = "delete_*")]
/// fn only_for_admins(call: &mut ToolCall) -> Verdict {
///     match call.principal() {
///         Some(principal) if principal.has_role("admin") => Verdict::Allow,
///         _ => Verdict::deny("ask an admin to do it"),
///     }
/// }
/// ```
pub struct ToolCall {
    /// The arguments, an object.
    pub args: Arguments<Value>,
    pub(crate) head: CallHead,
}

impl ToolCall {
    pub(crate) fn new(head: CallHead, args: Value) -> Self {
        Self { args: Arguments::unchanged(args), head }
    }

    asked!();
}

impl<T: Tool> fmt::Debug for Call<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("tool", &self.tool().name())
            .field("args", &self.args)
            .finish_non_exhaustive()
    }
}

/// With what is sensitive masked.
impl fmt::Debug for ToolCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let args = masked(self.tool().arguments(), Value::clone(&self.args));
        f.debug_struct("ToolCall")
            .field("tool", &self.tool().name())
            .field("args", &args)
            .finish_non_exhaustive()
    }
}
