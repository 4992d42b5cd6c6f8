//! What a hook is.

mod info;
mod input;
mod run;

use atoms_runtime::Params;

pub use info::{HookInfo, Stage};
pub use input::{AfterInput, Answers, BeforeInput, HookInput, NoAnswer};
pub use run::{Bind, after, after_detached, before, before_detached};
pub(crate) use run::{RunHook, Running};

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
    message = "`{Self}` is no hook",
    label = "no hook",
    note = "put `#[hook(before)]` or `#[hook(after)]` on the function, and name that function: `.tool_hook::<function>()`"
)]
pub trait Hook: 'static {
    /// What the registry knows of this hook.
    fn info() -> &'static HookInfo;
}

/// The function of a hook, if it is not `async`.
pub trait SyncHook: 'static {
    /// The type of the first parameter, without its `&mut`.
    type Input: HookInput;
    /// The further parameters, which are extracted.
    type Params: Params;
    /// The type that the function returns.
    type Output;

    /// Calls the function.
    fn call(input: &mut Self::Input, params: <Self::Params as Params>::Values) -> Self::Output;
}

/// The function of a hook, if it is `async`.
pub trait AsyncHook: 'static {
    /// The type of the first parameter, without its `&mut`.
    type Input: HookInput;
    /// The further parameters, which are extracted.
    type Params: Params;
    /// The type that the function returns, when awaited.
    type Output;

    /// Calls the function.
    fn call<'a>(
        input: &'a mut Self::Input,
        params: <Self::Params as Params>::Values,
    ) -> impl Future<Output = Self::Output> + Send + 'a;
}
