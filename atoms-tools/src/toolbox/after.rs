//! The hooks after a call.

use serde_json::Value;

use super::before::{answer_now, written};
use super::bound::{After, Hooked};
use super::run::{Ended, Flow};
use crate::call::{CallHead, CallOutcome, Done, ToolDone, ToolError};
use crate::hook::{HookInfo, RunHook};
use crate::tool::Tool;

/// The arguments of a call for the hooks after it, also as JSON if one of them takes that.
pub(super) type Kept<T> = (<T as Tool>::Args, Result<Value, String>);

/// A call that the hooks after it see.
pub(super) struct Seen<T: Tool> {
    done: Done<T>,
    json: Result<Value, String>,
    /// The place of the next hook.
    next: usize,
}

impl<T: Tool> Seen<T> {
    #[inline]
    pub(super) fn new(
        (args, json): Kept<T>,
        head: CallHead,
        outcome: CallOutcome,
        result: Result<T::Output, ToolError>,
    ) -> Self {
        Self { done: Done { result, args, head, outcome, latency: None }, json, next: 0 }
    }

    pub(super) fn head(&self) -> &CallHead {
        &self.done.head
    }

    #[inline]
    pub(super) fn into_result(self) -> Result<T::Output, ToolError> {
        self.done.result
    }

    pub(super) fn into_ended(self) -> Ended<T> {
        let Done { result, head, outcome, .. } = self.done;
        Ended { head, outcome, result }
    }
}

impl<T: Tool> Flow<'_, '_, T> {
    /// Runs the hooks after a call, from the next one on, each of which may change the result. If one fails, the result is held
    /// back. Returns whether all were run; otherwise, the next one has to be waited for.
    #[inline]
    pub(super) fn after_now(&self, seen: &mut Seen<T>) -> bool {
        while let Some(hook) = self.next_after(seen) {
            let Some(saw) = self.see_now(hook, seen) else { return false };
            self.saw(hook.info, saw, seen);
        }
        true
    }

    /// As [`after_now`](Self::after_now), for any hooks.
    pub(super) async fn after(&self, seen: &mut Seen<T>) {
        while !self.after_now(seen) {
            if let Some(hook) = self.next_after(seen) {
                let saw = self.see(hook, seen).await;
                self.saw(hook.info, saw, seen);
            }
        }
    }

    /// The next hook that is about calls of this sender.
    #[inline]
    fn next_after(&self, seen: &mut Seen<T>) -> Option<&Hooked<After<T>>> {
        let sender = seen.done.sender().map(|sender| sender.as_str());
        let hooks = self.bound.after.get(seen.next..)?;
        let skipped = hooks.iter().position(|hook| hook.info.is_for(sender))?;
        seen.next += skipped;
        seen.done.latency = self.observer.latency();
        hooks.get(skipped)
    }

    #[inline]
    fn saw(&self, hook: &'static HookInfo, saw: Result<(), String>, seen: &mut Seen<T>) {
        seen.next += 1;
        if let Err(problem) = saw {
            seen.done.result = Err(self.hook_failed(hook, problem, true));
        }
    }

    /// Runs a hook that need not be waited for.
    #[inline]
    fn see_now(&self, hook: &Hooked<After<T>>, seen: &mut Seen<T>) -> Option<Result<(), String>> {
        let Seen { done, json, .. } = seen;
        Some(match &hook.run {
            After::Typed(RunHook::Sync(run)) => {
                answer_now(&**run, done, &self.dispatch.delivery(hook.info.handler_fn()))
            }
            After::Any(RunHook::Sync(run)) => shown(done, json).and_then(|mut shown| {
                let before = shown.result.as_ref().ok().cloned();
                answer_now(&**run, &mut shown, &self.dispatch.delivery(hook.info.handler_fn()))?;
                take_back(done, shown, before)
            }),
            After::TypedDetached(run) => {
                self.detach(hook.info, run, done);
                Ok(())
            }
            After::AnyDetached(run) => shown(done, json).map(|shown| self.detach(hook.info, run, &shown)),
            After::Typed(RunHook::Async(_)) | After::Any(RunHook::Async(_)) => return None,
        })
    }

    /// Runs a hook that has to be waited for.
    async fn see(&self, hook: &Hooked<After<T>>, seen: &mut Seen<T>) -> Result<(), String> {
        let Seen { done, json, .. } = seen;
        match &hook.run {
            After::Typed(RunHook::Async(run)) => self.answer(hook.info, &**run, done).await,
            After::Any(RunHook::Async(run)) => {
                let mut shown = shown(done, json)?;
                let before = shown.result.as_ref().ok().cloned();
                self.answer(hook.info, &**run, &mut shown).await?;
                take_back(done, shown, before)
            }
            _ => Ok(()),
        }
    }
}

/// Takes what a hook of any tool has made of the result.
fn take_back<T: Tool>(done: &mut Done<T>, shown: ToolDone, before: Option<Value>) -> Result<(), String> {
    match shown.result {
        Ok(output) if before.as_ref() == Some(&output) => {}
        Ok(output) => done.result = Ok(read::<T>(output)?),
        Err(error) => done.result = Err(error),
    }
    Ok(())
}

/// The outcome of a call, for a hook of any tool.
fn shown<T: Tool>(done: &Done<T>, json: &Result<Value, String>) -> Result<ToolDone, String> {
    let result = match &done.result {
        Ok(output) => Ok(written(output)?),
        Err(error) => Err(error.clone()),
    };
    let (args, head) = (json.clone()?, done.head.clone());
    Ok(ToolDone { result, args, head, outcome: done.outcome, latency: done.latency })
}

/// The result that a hook of any tool gives, as one of this tool.
pub(super) fn read<T: Tool>(output: Value) -> Result<T::Output, String> {
    serde_json::from_value(output).map_err(|error| format!("its result is not one of this tool: {error}"))
}
