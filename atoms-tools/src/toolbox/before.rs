//! The hooks before a call.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use atoms_control::Approval;
use atoms_runtime::{Delivery, ExtractError, panic_message};
use futures_util::FutureExt;
use serde_json::Value;

use super::bound::{Before, Hooked};
use super::run::Flow;
use crate::call::{AnyTool, Call, ToolCall, ToolError, Verdict, reason_text};
use crate::events::Decided;
use crate::hook::{Answered, HookInfo, RunHook, Running};
use crate::tool::Tool;

/// The result of the hooks before a call.
pub(super) enum Judged<T: Tool> {
    /// The call may be made, after all approvals.
    Passed(Vec<Asked>),
    Replaced(T::Output),
    Stopped(ToolError),
}

/// A hook that wants a person to be asked.
pub(super) struct Asked {
    pub(super) hook: &'static HookInfo,
    pub(super) approval: Box<Approval>,
}

/// The call as the hooks leave it: its typed arguments, and their JSON if it was needed.
pub(super) struct Judging<T: Tool> {
    pub(super) call: Call<T>,
    json: Option<Value>,
}

impl<T: Tool> Judging<T> {
    #[inline]
    pub(super) fn new(call: Call<T>, json: Option<Value>) -> Self {
        Self { call, json }
    }

    /// The arguments as JSON.
    pub(super) fn json(&mut self) -> Result<&Value, String> {
        if self.json.is_none() {
            self.json = Some(written(&*self.call.args)?);
        }
        Ok(self.json.get_or_insert(Value::Null))
    }

    pub(super) fn into_parts(self) -> (Call<T>, Option<Value>) {
        (self.call, self.json)
    }

    /// Checks the arguments that a hook has changed.
    #[inline]
    fn check_changed(&mut self, is_constrained: bool) -> Result<(), String> {
        if !self.call.args.take_changed() {
            return Ok(());
        }
        self.json = None;
        if is_constrained { self.check() } else { Ok(()) }
    }

    /// Checks the arguments by the schema.
    pub(super) fn check(&mut self) -> Result<(), String> {
        let schema = T::info().arguments_schema()?;
        schema.check(self.json()?).map_err(|wrong| wrong.to_string())
    }

    /// Makes the call for a hook of any tool.
    fn lend(&mut self) -> Result<ToolCall, String> {
        self.json()?;
        let json = self.json.take().unwrap_or_default();
        Ok(ToolCall::new(self.call.head.clone(), json))
    }

    /// Takes the call back, and checks what the hook has changed.
    fn take_back(&mut self, call: ToolCall) -> Result<(), String> {
        let mut args = call.args;
        let is_changed = args.take_changed();
        let json = args.into_inner();
        if is_changed {
            T::info().arguments_schema()?.check(&json).map_err(|wrong| wrong.to_string())?;
            let read = serde_json::from_value(json.clone()).map_err(|error| error.to_string())?;
            self.call.args = crate::call::Arguments::unchanged(read);
        }
        self.json = Some(json);
        Ok(())
    }
}

pub(super) fn written(value: &impl serde::Serialize) -> Result<Value, String> {
    serde_json::to_value(value).map_err(|error| format!("it cannot be written as JSON: {error}"))
}

impl<T: Tool> Flow<'_, '_, T> {
    /// Runs the hooks before a call, until one denies it or replaces its result.
    pub(super) async fn judge(&self, judging: &mut Judging<T>) -> Judged<T> {
        let mut asked = Vec::new();
        for hook in &self.bound.before {
            if !hook.info.is_for(judging.call.sender().map(|sender| sender.as_str())) {
                continue;
            }
            let verdict = self.verdict(hook, judging).await;
            if self.observer.is_decided_taken && !matches!(&verdict, Ok(None)) {
                Box::pin(self.tell_of_verdict(hook.info, judging, &verdict)).await;
            }
            match verdict {
                Ok(None | Some(Verdict::Allow)) => {}
                Ok(Some(Verdict::Ask(approval))) => asked.push(Asked { hook: hook.info, approval }),
                Ok(Some(Verdict::Replace(output))) => return Judged::Replaced(output),
                Ok(Some(Verdict::Deny(reason))) => {
                    let (tool, hook) = (self.tool(), hook.info.path());
                    return Judged::Stopped(ToolError::Denied { tool, hook, reason: reason_text(reason) });
                }
                Err(problem) => return Judged::Stopped(self.hook_failed(hook.info, problem, false)),
            }
        }
        Judged::Passed(asked)
    }

    pub(super) fn hook_failed(&self, hook: &HookInfo, problem: String, is_after: bool) -> ToolError {
        let problem = reason_text(problem);
        ToolError::HookFailed { tool: self.tool(), hook: hook.path(), is_after, problem }
    }

    async fn tell_of_verdict(
        &self,
        hook: &HookInfo,
        judging: &Judging<T>,
        verdict: &Result<Option<Verdict<T>>, String>,
    ) {
        let (decided, reason) = match verdict {
            Ok(None | Some(Verdict::Allow)) => (Decided::Allow, None),
            Ok(Some(Verdict::Deny(reason))) => (Decided::Deny, Some(reason_text(reason))),
            Ok(Some(Verdict::Replace(_))) => (Decided::Replace, None),
            // Whether it is approved already is known after all hooks.
            Ok(Some(Verdict::Ask(_))) => return,
            Err(problem) => (Decided::Deny, Some(reason_text(problem))),
        };
        self.observer.decided(&judging.call.head, hook, decided, reason).await;
    }

    /// Runs a hook, and returns its verdict, or `None` if it is detached.
    async fn verdict(
        &self,
        hook: &Hooked<Before<T>>,
        judging: &mut Judging<T>,
    ) -> Result<Option<Verdict<T>>, String> {
        match &hook.run {
            Before::Typed(run) => {
                let verdict = self.answer(hook.info, &**run, &mut judging.call).await?;
                judging.check_changed(self.bound.is_constrained)?;
                Ok(Some(verdict))
            }
            Before::Any(run) => {
                let mut call = judging.lend()?;
                let verdict = self.answer(hook.info, &**run, &mut call).await?;
                judging.take_back(call)?;
                read(verdict).map(Some)
            }
            Before::TypedDetached(run) => {
                self.detach(hook.info, run, &judging.call);
                Ok(None)
            }
            Before::AnyDetached(run) => {
                let call = judging.lend()?;
                self.detach(hook.info, run, &call);
                judging.take_back(call)?;
                Ok(None)
            }
        }
    }

    /// Waits for the answer of a hook. Fails if the hook fails, panics or takes too long.
    pub(super) async fn answer<I, A>(
        &self,
        info: &'static HookInfo,
        run: &dyn RunHook<I, A>,
        input: &mut I,
    ) -> Result<A, String> {
        let delivery = self.dispatch.delivery(info.handler_fn());
        let called = caught(run, input, &delivery);
        match called? {
            Err(error) => Err(error.to_string()),
            Ok(Running::Ready(answer)) => answer.map_err(reason_text),
            // In a box, so that a call whose hooks do not wait needs no room for it.
            Ok(Running::Pending(future)) => Box::pin(waited(info, future)).await,
        }
    }
}

async fn waited<A>(info: &'static HookInfo, future: impl Future<Output = Answered<A>>) -> Result<A, String> {
    let answered = AssertUnwindSafe(within(info.time_limit(), future)).catch_unwind().await;
    match answered.map_err(panicked)? {
        Some(answer) => answer.map_err(reason_text),
        None => Err(format!("it took longer than {:?}", info.time_limit())),
    }
}

/// Calls a hook. Fails if it panics before it is awaited.
#[inline]
pub(super) fn caught<'a, I, A>(
    run: &'a dyn RunHook<I, A>,
    input: &'a mut I,
    delivery: &Delivery<'_>,
) -> Result<Result<Running<'a, A>, ExtractError>, String> {
    let call = || {
        let input = input;
        run.run(input, delivery)
    };
    catch_unwind(AssertUnwindSafe(call)).map_err(panicked)
}

/// Waits for a future. Returns `None` if it takes longer than the limit.
pub(super) async fn within<O>(limit: Duration, future: impl Future<Output = O>) -> Option<O> {
    tokio::time::timeout(limit, future).await.ok()
}

pub(super) fn panicked(panic: Box<dyn std::any::Any + Send>) -> String {
    format!("it panicked: {}", panic_message(panic))
}

/// The verdict of a hook of any tool, as a verdict of this tool.
fn read<T: Tool>(verdict: Verdict<AnyTool>) -> Result<Verdict<T>, String> {
    Ok(match verdict {
        Verdict::Allow => Verdict::Allow,
        Verdict::Deny(reason) => Verdict::Deny(reason),
        Verdict::Ask(approval) => Verdict::Ask(approval),
        Verdict::Replace(output) => Verdict::Replace(
            serde_json::from_value(output)
                .map_err(|error| format!("its result is not one of this tool: {error}"))?,
        ),
    })
}
