//! The verdict of a before-hook.

use std::fmt;

use atoms_control::Approval;
use serde_json::Value;

use crate::tool::{Tool, ToolOutput};

/// Stands for any tool, in the [`Verdict`] of a hook of any tool.
#[derive(Debug)]
pub enum AnyTool {}

/// What a [`Verdict`] is about: a [`Tool`], or [`AnyTool`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a tool",
    label = "not a tool",
    note = "put `#[tool]` on the function `{Self}`; a hook for several tools takes `&mut ToolCall`, and returns `Verdict`"
)]
pub trait Target: 'static {
    /// What the call has as its result.
    type Output: ToolOutput;
}

#[diagnostic::do_not_recommend]
impl<T: Tool> Target for T {
    type Output = T::Output;
}

impl Target for AnyTool {
    type Output = Value;
}

/// The verdict of a before-hook on a call of the tool `T`, or of any tool.
///
/// ```
/// use atoms::prelude::*;
///
/// #[tool]
/// fn refund(cents: u64) -> u64 {
///     cents
/// }
///
/// #[hook(before)]
/// fn limit(call: &mut Call<refund>) -> Verdict<refund> {
///     match call.args.cents {
///         0 => Verdict::Replace(0),
///         1..1_000 => Verdict::Allow,
///         1_000..10_000 => Verdict::ask(Approval::unnamed().title("A large refund").role("manager")),
///         _ => Verdict::deny("more than 100 needs a director"),
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let bus = Bus::builder().without_discovery().tool::<refund>().tool_hook::<limit>().start()?;
/// assert_eq!(refund::call(&bus, RefundArgs { cents: 50 }).await?, 50);
/// let denied = refund::call(&bus, RefundArgs { cents: 20_000 }).await.unwrap_err();
/// assert!(denied.to_string().contains("more than 100 needs a director"));
/// # Ok(())
/// # }
/// ```
#[must_use = "a hook has to return its verdict"]
pub enum Verdict<T: Target = AnyTool> {
    /// The call may go on: to the hooks that come after this one, and then to the function.
    Allow,
    /// The call is denied, for this reason, which the caller is told. Its first 1 KiB are kept.
    Deny(String),
    /// The call has this result. Neither the function nor the hooks that come after this one are called.
    Replace(T::Output),
    /// A person has to approve the call, after all hooks. The title, the description and the roles are those of this
    /// approval. Without roles, the role is that of the tool's `approve`. The arguments are shown as its details.
    Ask(Box<Approval>),
}

impl<T: Target> Verdict<T> {
    /// Returns a verdict that denies the call, for this reason.
    pub fn deny(reason: impl Into<String>) -> Self {
        Self::Deny(reason.into())
    }

    /// Returns a verdict that asks a person.
    pub fn ask(approval: Approval) -> Self {
        Self::Ask(Box::new(approval))
    }
}

/// Does not show the result of a replaced call.
impl<T: Target> fmt::Debug for Verdict<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Allow => f.write_str("Allow"),
            Self::Deny(reason) => f.debug_tuple("Deny").field(reason).finish(),
            Self::Replace(_) => f.debug_tuple("Replace").finish_non_exhaustive(),
            Self::Ask(approval) => f.debug_tuple("Ask").field(approval).finish(),
        }
    }
}
