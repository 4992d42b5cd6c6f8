//! The hooks after a call.

use serde_json::Value;

use super::before::written;
use super::bound::{After, Hooked};
use super::run::Flow;
use crate::call::{CallHead, CallOutcome, Done, ToolDone, ToolError};
use crate::tool::Tool;

impl<T: Tool> Flow<'_, '_, T> {
    /// Runs the hooks after a call, each of which may change the result. If one fails, the result is held back.
    pub(super) async fn after(
        &self,
        head: CallHead,
        args: T::Args,
        json: Result<Value, String>,
        outcome: CallOutcome,
        result: Result<T::Output, ToolError>,
    ) -> (CallHead, Result<T::Output, ToolError>) {
        let mut done = Done::<T> { result, args, head, outcome, latency: None };
        for hook in &self.bound.after {
            if !hook.info.is_for(done.sender().map(|sender| sender.as_str())) {
                continue;
            }
            done.latency = self.observer.latency();
            if let Err(problem) = self.see(hook, &mut done, &json).await {
                done.result = Err(self.hook_failed(hook.info, problem, true));
            }
        }
        (done.head, done.result)
    }

    async fn see(
        &self,
        hook: &Hooked<After<T>>,
        done: &mut Done<T>,
        json: &Result<Value, String>,
    ) -> Result<(), String> {
        match &hook.run {
            After::Typed(run) => self.answer(hook.info, &**run, done).await,
            After::Any(run) => {
                let mut shown = shown(done, json)?;
                let before = shown.result.as_ref().ok().cloned();
                self.answer(hook.info, &**run, &mut shown).await?;
                match shown.result {
                    Ok(output) if before.as_ref() == Some(&output) => {}
                    Ok(output) => done.result = Ok(read::<T>(output)?),
                    Err(error) => done.result = Err(error),
                }
                Ok(())
            }
            After::TypedDetached(run) => {
                self.detach(hook.info, run, done);
                Ok(())
            }
            After::AnyDetached(run) => {
                self.detach(hook.info, run, &shown(done, json)?);
                Ok(())
            }
        }
    }
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

fn read<T: Tool>(output: Value) -> Result<T::Output, String> {
    serde_json::from_value(output).map_err(|error| format!("its result is not one of this tool: {error}"))
}
