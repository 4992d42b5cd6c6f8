//! Runs the functions that bindings name, as hooks of any tool.

use std::future::ready;
use std::sync::Arc;

use atoms_runtime::{Delivery, ExtractError, HandlerError, PrepareError, StartContext};
use serde_json::{Map, Value};

use super::element::Resolved;
use super::kind::BindingType;
use crate::call::{EventData, EventStage, ToolCall, ToolDone, Verdict};
use crate::hook::{BindHook, BoundHook, RunAsync, RunConfigured, RunHook, Running, Stage};
use crate::tool::ToolInfo;

/// A function that a binding names, ready to run.
pub(crate) struct Firing {
    hook: Arc<dyn RunConfigured>,
    kind: &'static dyn BindingType,
    /// Whether what it returns replaces nothing, since nobody waits for it.
    is_detached: bool,
}

/// What a function is fired with.
pub(crate) trait Fired: Send {
    fn data(&self) -> Result<EventData, HandlerError>;

    /// Takes what the function has returned.
    fn take(&mut self, data: EventData) -> Result<(), HandlerError>;
}

/// What follows if a function does not fail.
pub(crate) trait Passes: Send + 'static {
    const PASSES: Self;
}

impl Passes for Verdict {
    const PASSES: Self = Self::Allow;
}

impl Passes for () {
    const PASSES: Self = ();
}

impl<I: Fired, A: Passes> RunAsync<I, A> for Firing {
    fn run<'a>(&'a self, input: &'a mut I, delivery: &Delivery<'_>) -> Result<Running<'a, A>, ExtractError> {
        let data = match input.data().and_then(|data| self.kind.given(data)) {
            Ok(data) => data,
            Err(error) => return Ok(Box::pin(ready(Err(error)))),
        };
        let answer = self.hook.run(data, delivery)?;
        Ok(Box::pin(async move {
            if let Some(data) = answer.await?
                && !self.is_detached
            {
                input.take(self.kind.returned(data)?)?;
            }
            Ok(A::PASSES)
        }))
    }
}

impl Resolved {
    /// When its function runs.
    pub(crate) fn hook_stage(&self) -> Stage {
        match (self.stage, self.element.is_async()) {
            (EventStage::PreEvent, false) => Stage::Before,
            (EventStage::PreEvent, true) => Stage::BeforeDetached,
            (EventStage::PostEvent, false) => Stage::After,
            (EventStage::PostEvent, true) => Stage::AfterDetached,
        }
    }

    /// Its function, ready to run for what it is fired with by hand, or by the path of all calls.
    pub(crate) fn firing<I: Fired, A: Passes>(
        &self,
        start: &StartContext<'_>,
    ) -> Result<RunHook<I, A>, Vec<PrepareError>> {
        let bound = self.hook.bind(start)?;
        let Ok(hook) = bound.downcast::<Arc<dyn RunConfigured>>() else { return Err(Vec::new()) };
        let (kind, is_detached) = (self.kind, self.element.is_async());
        Ok(RunHook::Async(Arc::new(Firing { hook: *hook, kind, is_detached })))
    }
}

impl BindHook for Resolved {
    fn bind(&self, start: &StartContext<'_>) -> Result<BoundHook, Vec<PrepareError>> {
        Ok(match self.hook_stage() {
            Stage::Before => Box::new(self.firing::<ToolCall, Verdict>(start)?),
            Stage::After => Box::new(self.firing::<ToolDone, ()>(start)?),
            Stage::BeforeDetached | Stage::Configured => Box::new(self.firing::<ToolCall, ()>(start)?),
            Stage::AfterDetached => Box::new(self.firing::<ToolDone, ()>(start)?),
        })
    }
}

impl Fired for ToolCall {
    fn data(&self) -> Result<EventData, HandlerError> {
        Ok(EventData::before(self.tool().name(), Value::clone(&self.args)))
    }

    fn take(&mut self, data: EventData) -> Result<(), HandlerError> {
        if data.result.is_some() {
            return Err("it returned a result, and the tool is not called yet".into());
        }
        let args = named(self.tool(), data.args, data.kwargs)?;
        if args != *self.args {
            self.args = args.into();
        }
        Ok(())
    }
}

impl Fired for ToolDone {
    fn data(&self) -> Result<EventData, HandlerError> {
        let result = self.result.clone().map_err(|error| error.to_string());
        Ok(EventData::after(self.tool().name(), self.args(), result))
    }

    fn take(&mut self, data: EventData) -> Result<(), HandlerError> {
        match (&self.result, data.result) {
            // What has failed stays so, unless there is a result now.
            (Err(_), None) => {}
            (_, result) => self.result = Ok(result.unwrap_or_default()),
        }
        Ok(())
    }
}

/// By hand.
impl Fired for EventData {
    fn data(&self) -> Result<EventData, HandlerError> {
        Ok(self.clone())
    }

    fn take(&mut self, data: EventData) -> Result<(), HandlerError> {
        *self = data;
        Ok(())
    }
}

/// The arguments by their names: those of a list have the names of the tool's parameters, in their order.
fn named(tool: &ToolInfo, args: Value, kwargs: Map<String, Value>) -> Result<Value, HandlerError> {
    let mut named = match args {
        Value::Object(named) => named,
        Value::Array(list) => {
            let own = tool.arguments();
            if list.len() > own.len() {
                let (given, most) = (list.len(), own.len());
                return Err(format!("it returned {given} arguments, and the tool takes {most}").into());
            }
            own.iter().map(|argument| argument.name().to_owned()).zip(list).collect()
        }
        _ => return Err("it returned arguments that are neither an object nor a list".into()),
    };
    named.extend(kwargs);
    Ok(Value::Object(named))
}
