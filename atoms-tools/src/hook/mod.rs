//! What a hook is.

mod configured;
mod info;
mod input;
mod run;

use atoms_runtime::Params;

pub(crate) use configured::RunConfigured;
pub use configured::{AsyncConfigured, ConfiguredHook, EventAnswer, SyncConfigured};
pub use info::HookInfo;
pub(crate) use info::{BindHook, Stage};
pub use input::{AfterInput, Answers, BeforeInput, HookInput, NoAnswer};
pub(crate) use run::{BoundHook, RunAsync, RunHook, RunSync, Running};
pub use run::{IfNoTool, IfTool};

use crate::tool::Tool;

/// A type that stands for a `#[hook]` function, and has the function's name.
///
/// ```
/// use atoms::prelude::*;
/// use atoms::tools::Hook;
///
/// #[hook(before)]
/// fn guard(_: &mut ToolCall) -> Verdict {
///     Verdict::Allow
/// }
///
/// assert!(<guard as Hook>::info().path().ends_with("::guard"));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a hook",
    label = "not a hook",
    note = "put `#[hook(before)]` or `#[hook(after)]` on the function, and name that function: `.tool_hook::<function>()`"
)]
pub trait Hook: 'static {
    /// What the registry knows of this hook.
    fn info() -> &'static HookInfo;
}

/// What a hook before a call takes and returns.
pub trait BeforeHook: 'static {
    /// The type of the first parameter, without its `&mut`.
    type Input: BeforeInput;
    /// The type that the function returns, when awaited if it is `async`.
    type Output: Answers<Self::Input>;
}

/// What a hook after a call takes and returns.
pub trait AfterHook: 'static {
    /// The type of the first parameter, without its `&mut`.
    type Input: AfterInput;
    /// The type that the function returns, when awaited if it is `async`.
    type Output: NoAnswer;
}

/// What a hook before a call that is not waited for takes and returns.
pub trait BeforeDetachedHook: 'static {
    /// The type of the first parameter, without its `&`.
    type Input: BeforeInput;
    /// The type that the function returns, when awaited if it is `async`.
    type Output: NoAnswer;
}

/// What a hook after a call that is not waited for takes and returns.
pub trait AfterDetachedHook: 'static {
    /// The type of the first parameter, without its `&`.
    type Input: AfterInput;
    /// The type that the function returns, when awaited if it is `async`.
    type Output: NoAnswer;
}

/// The function of a hook that takes an `I` and returns an `O`, if it is not `async`.
pub trait SyncHook<I, O>: 'static {
    /// The further parameters, which are extracted.
    type Params: Params;

    /// Calls the function.
    fn call(input: &mut I, params: <Self::Params as Params>::Values) -> O;
}

/// The function of a hook that takes an `I` and returns an `O`, if it is `async`.
pub trait AsyncHook<I: 'static, O>: 'static {
    /// The further parameters, which are extracted.
    type Params: Params;

    /// Calls the function.
    fn call<'a>(
        input: &'a mut I,
        params: <Self::Params as Params>::Values,
    ) -> impl Future<Output = O> + Send + 'a;
}

/// The condition with which an expansion assumes that the type in `Call<T>` is a tool, so that rustc reports one that is not
/// only where it is written. The lifetime keeps rustc from checking it again.
pub trait IsTool<'a>: Tool {}

impl<T: Tool> IsTool<'_> for T {}
