//! What hooks take and return.

use atoms_runtime::HandlerError;
use serde_json::Value;

use crate::call::{Call, Done, ToolCall, ToolDone, Verdict};
use crate::tool::{Tool, ToolInfo};

/// What a hook takes: a call, or what became of one.
#[diagnostic::on_unimplemented(
    message = "a hook cannot take `{Self}`",
    label = "not a call of a tool",
    note = "a hook takes `&mut Call<tool>` or `&mut ToolCall` before a call, and `&mut Done<tool>` or `&mut ToolDone` after it",
    note = "for an event, write `#[handler]`"
)]
pub trait HookInput: Send + Sync + Sized + 'static {
    /// The tool that it is about, if it is about one.
    fn tool() -> Option<&'static ToolInfo>;

    /// Returns a copy, which a hook gets that nobody waits for.
    ///
    /// Fails if the result of the call cannot be written as JSON, or not be read back.
    fn copy(&self) -> Result<Self, HandlerError>;
}

/// What a hook takes that runs before a call.
#[diagnostic::on_unimplemented(
    message = "a hook before a call cannot take `{Self}`",
    label = "not a call of a tool",
    note = "a hook before a call takes `&mut Call<tool>`, or `&mut ToolCall` for any tool; for the outcome of the call, write `#[hook(after)]`",
    note = "for an event, write `#[handler]`"
)]
pub trait BeforeInput: HookInput {
    /// What the hook answers.
    type Verdict: Send + 'static;
}

/// What a hook takes that runs after a call.
#[diagnostic::on_unimplemented(
    message = "a hook after a call cannot take `{Self}`",
    label = "not the outcome of a call",
    note = "a hook after a call takes `&mut Done<tool>`, or `&mut ToolDone` for any tool; to change the arguments, write `#[hook(before)]`"
)]
pub trait AfterInput: HookInput {}

impl<T: Tool> HookInput for Call<T> {
    fn tool() -> Option<&'static ToolInfo> {
        Some(T::info())
    }

    fn copy(&self) -> Result<Self, HandlerError> {
        Ok(Self { args: T::Args::clone(&self.args).into(), head: self.head.clone() })
    }
}

impl<T: Tool> BeforeInput for Call<T> {
    type Verdict = Verdict<T>;
}

impl HookInput for ToolCall {
    fn tool() -> Option<&'static ToolInfo> {
        None
    }

    fn copy(&self) -> Result<Self, HandlerError> {
        Ok(Self { args: Value::clone(&self.args).into(), head: self.head.clone() })
    }
}

impl BeforeInput for ToolCall {
    type Verdict = Verdict;
}

impl<T: Tool> HookInput for Done<T> {
    fn tool() -> Option<&'static ToolInfo> {
        Some(T::info())
    }

    fn copy(&self) -> Result<Self, HandlerError> {
        let result = match &self.result {
            Ok(output) => Ok(serde_json::from_value(serde_json::to_value(output)?)?),
            Err(error) => Err(error.clone()),
        };
        let Self { args, head, outcome, latency, .. } = self;
        Ok(Self { result, args: args.clone(), head: head.clone(), outcome: *outcome, latency: *latency })
    }
}

impl<T: Tool> AfterInput for Done<T> {}

impl HookInput for ToolDone {
    fn tool() -> Option<&'static ToolInfo> {
        None
    }

    fn copy(&self) -> Result<Self, HandlerError> {
        let Self { result, args, head, outcome, latency } = self;
        let (result, args, head) = (result.clone(), args.clone(), head.clone());
        Ok(Self { result, args, head, outcome: *outcome, latency: *latency })
    }
}

impl AfterInput for ToolDone {}

/// What a before-hook that takes an `I` may return.
#[diagnostic::on_unimplemented(
    message = "a hook before a call cannot return `{Self}`",
    label = "not a verdict",
    note = "a hook that takes `&mut Call<tool>` returns `Verdict<tool>`, and one that takes `&mut ToolCall` returns `Verdict`: `Verdict::Allow`, `Verdict::deny(\"why\")`, `Verdict::Replace(result)` or `Verdict::ask(approval)`; or a `Result` of one",
    note = "a hook that does not decide whether the call is made is `#[hook(before, detached)]` or `#[hook(after)]`"
)]
pub trait Answers<I: BeforeInput>: Send + 'static {
    /// The verdict, or why there is none.
    fn into_verdict(self) -> Result<I::Verdict, HandlerError>;
}

#[diagnostic::do_not_recommend]
impl<T: Tool> Answers<Call<T>> for Verdict<T> {
    #[inline]
    fn into_verdict(self) -> Result<Self, HandlerError> {
        Ok(self)
    }
}

#[diagnostic::do_not_recommend]
impl<T: Tool, E: Into<HandlerError> + Send + 'static> Answers<Call<T>> for Result<Verdict<T>, E> {
    #[inline]
    fn into_verdict(self) -> Result<Verdict<T>, HandlerError> {
        self.map_err(Into::into)
    }
}

#[diagnostic::do_not_recommend]
impl Answers<ToolCall> for Verdict {
    #[inline]
    fn into_verdict(self) -> Result<Self, HandlerError> {
        Ok(self)
    }
}

#[diagnostic::do_not_recommend]
impl<E: Into<HandlerError> + Send + 'static> Answers<ToolCall> for Result<Verdict, E> {
    #[inline]
    fn into_verdict(self) -> Result<Verdict, HandlerError> {
        self.map_err(Into::into)
    }
}

/// What a hook may return that does not decide about a call.
#[diagnostic::on_unimplemented(
    message = "this hook cannot return `{Self}`",
    label = "not `()`, and not a `Result<(), E>`",
    note = "a hook that is `detached` is not waited for, so it cannot veto: remove `detached`, or return nothing",
    note = "a hook after a call returns nothing, or a `Result<(), E>`: it changes `done.result`"
)]
pub trait NoAnswer: Send + 'static {
    /// Whether it has failed.
    fn into_result(self) -> Result<(), HandlerError>;
}

#[diagnostic::do_not_recommend]
impl NoAnswer for () {
    #[inline]
    fn into_result(self) -> Result<(), HandlerError> {
        Ok(())
    }
}

#[diagnostic::do_not_recommend]
impl<E: Into<HandlerError> + Send + 'static> NoAnswer for Result<(), E> {
    #[inline]
    fn into_result(self) -> Result<(), HandlerError> {
        self.map_err(Into::into)
    }
}
