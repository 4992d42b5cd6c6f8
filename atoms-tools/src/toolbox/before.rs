//! The hooks before a call.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use atoms_runtime::{Delivery, panic_message};
use futures_util::FutureExt;
use serde_json::Value;

use super::bound::{Before, Hooked};
use super::judging::{Judged, Judging};
use super::run::Flow;
use crate::call::{ToolError, Verdict, reason_text};
use crate::events::Decided;
use crate::hook::{HookInfo, RunAsync, RunHook, RunSync, Running};
use crate::tool::Tool;

/// As JSON. Fails if it cannot be written, or if its `Serialize` panics.
pub(super) fn written(value: &impl serde::Serialize) -> Result<Value, String> {
    let written = catch_unwind(AssertUnwindSafe(|| serde_json::to_value(value))).map_err(panicked)?;
    written.map_err(|error| format!("it cannot be written as JSON: {error}"))
}

impl<T: Tool> Flow<'_, '_, T> {
    /// Runs the hooks before a call, from the next one on, until one denies it or replaces its result. Returns `None` before
    /// one that has to be waited for.
    #[inline]
    pub(super) fn judge_now(&self, judging: &mut Judging<T>) -> Option<Judged<T>> {
        while let Some(hook) = self.next_before(judging) {
            if self.observer.is_decided_taken {
                return None;
            }
            let verdict = self.verdict_now(hook, judging);
            // Looked at where it is: most calls are allowed, and to move a verdict takes longer than this.
            if let Some(Ok(None | Some(Verdict::Allow))) = &verdict {
                judging.next += 1;
            } else if let Some(judged) = self.decided(hook.info, verdict?, judging) {
                return Some(judged);
            }
        }
        Some(Judged::Passed)
    }

    /// Runs the hooks before a call, until one denies it or replaces its result.
    pub(super) async fn judge(&self, judging: &mut Judging<T>) -> Judged<T> {
        loop {
            if let Some(judged) = self.judge_now(judging) {
                return judged;
            }
            let Some(hook) = self.next_before(judging) else { continue };
            let verdict = self.verdict(hook, judging).await;
            if self.observer.is_decided_taken && !matches!(&verdict, Ok(None)) {
                Box::pin(self.tell_of_verdict(hook.info, judging, &verdict)).await;
            }
            if let Some(judged) = self.decided(hook.info, verdict, judging) {
                return judged;
            }
        }
    }

    /// The next hook that is about calls of this sender.
    #[inline]
    fn next_before(&self, judging: &mut Judging<T>) -> Option<&Hooked<Before<T>>> {
        let sender = judging.call.sender().map(|sender| sender.as_str());
        let hooks = self.bound.before.get(judging.next..)?;
        let skipped = hooks.iter().position(|hook| hook.info.is_for(sender))?;
        judging.next += skipped;
        hooks.get(skipped)
    }

    /// What follows from the verdict of the next hook, if it is the last one.
    fn decided(
        &self,
        hook: &'static HookInfo,
        verdict: Result<Option<Verdict<T>>, String>,
        judging: &mut Judging<T>,
    ) -> Option<Judged<T>> {
        judging.next += 1;
        match verdict {
            Ok(None | Some(Verdict::Allow)) => None,
            Ok(Some(Verdict::Ask(approval))) => {
                judging.ask(hook, approval);
                None
            }
            Ok(Some(Verdict::Replace(output))) => Some(Judged::Replaced(output)),
            Ok(Some(Verdict::Deny(reason))) => {
                let (tool, hook) = (self.tool(), hook.path());
                Some(Judged::Stopped(ToolError::Denied { tool, hook, reason: reason_text(reason) }))
            }
            Err(problem) => Some(Judged::Stopped(self.hook_failed(hook, problem, false))),
        }
    }

    #[cold]
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

    /// Runs a hook that need not be waited for, and returns its verdict, or `None` if it is detached.
    #[inline]
    fn verdict_now(
        &self,
        hook: &Hooked<Before<T>>,
        judging: &mut Judging<T>,
    ) -> Option<Result<Option<Verdict<T>>, String>> {
        Some(match &hook.run {
            Before::Typed(RunHook::Sync(run)) => {
                let delivery = self.dispatch.delivery(hook.info.handler_fn());
                let verdict = answer_now(&**run, &mut judging.call, &delivery);
                self.typed_verdict(verdict, judging)
            }
            Before::Any(RunHook::Sync(run)) => judging.lend().and_then(|mut call| {
                let delivery = self.dispatch.delivery(hook.info.handler_fn());
                let verdict = answer_now(&**run, &mut call, &delivery);
                judging.untyped_verdict(verdict, call)
            }),
            Before::TypedDetached(run) => {
                self.detach(hook.info, run, &judging.call);
                Ok(None)
            }
            Before::AnyDetached(run) => judging.lend().and_then(|call| {
                self.detach(hook.info, run, &call);
                judging.take_back(call).map(|()| None)
            }),
            Before::Typed(RunHook::Async(_)) | Before::Any(RunHook::Async(_)) => return None,
        })
    }

    /// As [`verdict_now`](Self::verdict_now), for any hook.
    async fn verdict(
        &self,
        hook: &Hooked<Before<T>>,
        judging: &mut Judging<T>,
    ) -> Result<Option<Verdict<T>>, String> {
        if let Some(verdict) = self.verdict_now(hook, judging) {
            return verdict;
        }
        match &hook.run {
            Before::Typed(RunHook::Async(run)) => {
                let verdict = self.answer(hook.info, &**run, &mut judging.call).await;
                self.typed_verdict(verdict, judging)
            }
            Before::Any(RunHook::Async(run)) => {
                let mut call = judging.lend()?;
                let verdict = self.answer(hook.info, &**run, &mut call).await;
                judging.untyped_verdict(verdict, call)
            }
            _ => Ok(None),
        }
    }

    #[inline]
    fn typed_verdict(
        &self,
        verdict: Result<Verdict<T>, String>,
        judging: &mut Judging<T>,
    ) -> Result<Option<Verdict<T>>, String> {
        let verdict = verdict?;
        judging.check_changed(self.bound.is_constrained)?;
        Ok(Some(verdict))
    }

    /// Waits for the answer of a hook. Fails if the hook fails, panics or takes too long.
    pub(super) async fn answer<I, A>(
        &self,
        info: &'static HookInfo,
        run: &dyn RunAsync<I, A>,
        input: &mut I,
    ) -> Result<A, String> {
        let future = begun(run, input, &self.dispatch.delivery(info.handler_fn()))?;
        let answered = AssertUnwindSafe(within(info.time_limit(), future)).catch_unwind().await;
        match answered.map_err(panicked)? {
            Some(answer) => answer.map_err(reason_text),
            None => Err(format!("it took longer than {:?}", info.time_limit())),
        }
    }
}

/// The answer of a hook. Fails if the hook fails or panics.
#[inline]
pub(super) fn answer_now<I, A>(
    run: &dyn RunSync<I, A>,
    input: &mut I,
    delivery: &Delivery<'_>,
) -> Result<A, String> {
    match catch_unwind(AssertUnwindSafe(|| run.run(input, delivery))) {
        Ok(answer) => answer.map_err(reason_text),
        Err(panic) => Err(panicked(panic)),
    }
}

/// Calls a hook that has to be waited for. Fails if it panics before it is awaited.
pub(super) fn begun<'a, I, A>(
    run: &'a dyn RunAsync<I, A>,
    input: &'a mut I,
    delivery: &Delivery<'_>,
) -> Result<Running<'a, A>, String> {
    let call = || {
        let input = input;
        run.run(input, delivery)
    };
    let begun = catch_unwind(AssertUnwindSafe(call));
    begun.map_err(panicked)?.map_err(reason_text)
}

/// Waits for a future. Returns `None` if it takes longer than the limit.
pub(super) async fn within<O>(limit: Duration, future: impl Future<Output = O>) -> Option<O> {
    tokio::time::timeout(limit, future).await.ok()
}

pub(super) fn panicked(panic: Box<dyn std::any::Any + Send>) -> String {
    format!("it panicked: {}", panic_message(panic))
}
