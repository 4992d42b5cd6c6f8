//! A tool of a bus, without its type.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;

use atoms_runtime::{Bus, Cause, memory_size, panic_message};
use futures_util::FutureExt;
use serde_json::Value;

use super::Toolbox;
use super::approval::StoredCall;
use super::before::written;
use super::bound::Bound;
use super::future::CallFuture;
use super::judging::{Judged, Judging};
use super::observe::Observer;
use super::run::{At, Stage, in_event};
use crate::call::{CallHead, CallOutcome, ToolError};
use crate::caller::Caller;
use crate::schema::{ArgumentsSchema, hash};
use crate::tool::Tool;

type Boxed<'a, O> = Pin<Box<dyn Future<Output = O> + Send + 'a>>;

/// The end of the question about a call.
pub(crate) enum Answered {
    /// The call may be made, with these arguments instead of those that were shown.
    Approved { edited: Option<Value> },
    /// It may not.
    Denied(ToolError),
}

/// A tool of any type, on one bus.
pub(crate) trait AnyBound: Any + Send + Sync {
    /// Calls it with JSON.
    fn call<'a>(
        &'a self,
        bus: &'a Bus,
        cause: Option<Box<Cause>>,
        arguments: Value,
        caller: Option<Arc<Caller>>,
    ) -> Boxed<'a, Result<Value, ToolError>>;

    /// Checks edited arguments of a call with these, as when it goes on.
    fn check_edited(&self, arguments: &Value, edited: Value, limit: usize) -> Result<(), ToolError>;

    /// Goes on with a call whose question has ended. Fails if the call does, and nobody waits for it any more.
    fn resume<'a>(
        &'a self,
        bus: &'a Bus,
        cause: Option<Box<Cause>>,
        stored: StoredCall,
        answered: Answered,
    ) -> Boxed<'a, Result<(), ToolError>>;
}

impl<T: Tool> AnyBound for Bound<T> {
    fn call<'a>(
        &'a self,
        bus: &'a Bus,
        cause: Option<Box<Cause>>,
        arguments: Value,
        caller: Option<Arc<Caller>>,
    ) -> Boxed<'a, Result<Value, ToolError>> {
        Box::pin(async move {
            let tool = T::info().name();
            let limit = Toolbox::of(bus).settings.arguments;
            let args = match read::<T>(&arguments, limit) {
                Ok(args) => args,
                Err(error) => {
                    let head = CallHead::new(T::info(), caller);
                    Observer::new(bus, false).ended(&head, CallOutcome::Ran, Some(&error)).await;
                    return Err(error);
                }
            };
            let output = CallFuture::<T>::new(bus, cause, Judging::of_json(args, arguments, caller)).await?;
            serde_json::to_value(output).map_err(|error| ToolError::Failed { tool, cause: Arc::new(error) })
        })
    }

    fn check_edited(&self, arguments: &Value, edited: Value, limit: usize) -> Result<(), ToolError> {
        read_edited::<T>(arguments, edited, limit).and_then(|args| approvable::<T>(&args, limit)).map(drop)
    }

    fn resume<'a>(
        &'a self,
        bus: &'a Bus,
        cause: Option<Box<Cause>>,
        stored: StoredCall,
        answered: Answered,
    ) -> Boxed<'a, Result<(), ToolError>> {
        Box::pin(async move {
            let toolbox = Toolbox::of(bus);
            let id = stored.id.clone();
            let resumed = AssertUnwindSafe(resumed(self, bus, toolbox, cause, stored, answered));
            let tool = T::info().name();
            let stage = resumed.catch_unwind().await.unwrap_or_else(|panic| {
                Stage::Done(Err(ToolError::Panicked { tool, message: panic_message(panic) }))
            });
            match stage {
                Stage::Done(end) => toolbox.waiters.tell(&id, end),
                Stage::Waits(_) => Ok(()),
            }
        })
    }
}

async fn resumed<'a, T: Tool>(
    bound: &Bound<T>,
    bus: &Bus,
    toolbox: &'a Toolbox,
    cause: Option<Box<Cause>>,
    stored: StoredCall,
    answered: Answered,
) -> Stage<'a, T> {
    match again::<T>(stored, answered, toolbox.settings.arguments) {
        Ok(at) => in_event(bus, toolbox, bound, cause.as_deref(), at, false).await,
        Err(error) => Stage::Done(Err(error)),
    }
}

/// The call with its arguments, as they were or edited, and what is approved of them; and the error if it is denied.
fn again<T: Tool>(stored: StoredCall, answered: Answered, limit: usize) -> Result<At<T>, ToolError> {
    let tool = T::info().name();
    let StoredCall { id, arguments, caller, mut approved, .. } = stored;
    let (edited, denied) = match answered {
        Answered::Approved { edited } => (edited, None),
        Answered::Denied(error) => (None, Some(error)),
    };
    let is_edited = edited.is_some();
    let args = match edited {
        Some(edited) => read_edited::<T>(&arguments, edited, limit)?,
        None => read::<T>(&arguments, limit)?,
    };
    let json = written(&args).map_err(|problem| ToolError::NotReady { tool, problem })?;
    if is_edited {
        // Edited arguments are approved by the person who edited them, and by nobody else.
        approved.hash = hash(tool, &json);
        approved.roles.drain(..approved.roles.len().saturating_sub(1));
    }
    let head = CallHead::new(T::info(), caller.map(Arc::new)).with_id(id);
    let judging = Judging::of_approved(args, json, head, approved);
    Ok(match denied {
        None => At::Start(judging),
        Some(error) => At::Judged(judging, Judged::Stopped(error)),
    })
}

pub(super) fn schema<T: Tool>() -> Result<&'static ArgumentsSchema, ToolError> {
    let schema = T::info().arguments_schema();
    schema.map_err(|problem| ToolError::NotReady { tool: T::info().name(), problem: problem.into() })
}

/// Reads edited arguments, with the original values in place of masks.
fn read_edited<T: Tool>(arguments: &Value, edited: Value, limit: usize) -> Result<T::Args, ToolError> {
    read::<T>(&schema::<T>()?.unmasked(edited, arguments), limit)
}

/// The arguments as a question about them keeps them. Fails if they could not be read again.
pub(super) fn approvable<T: Tool>(args: &T::Args, limit: usize) -> Result<Value, ToolError> {
    let written = written(args).map_err(|problem| ToolError::NotAsked { tool: T::info().name(), problem })?;
    read::<T>(&written, limit).map(|_| written)
}

/// Reads arguments that came as JSON.
fn read<T: Tool>(arguments: &Value, limit: usize) -> Result<T::Args, ToolError> {
    let tool = T::info().name();
    let bytes = memory_size(arguments);
    if bytes > limit {
        return Err(ToolError::TooLarge { tool, bytes, limit });
    }
    schema::<T>()?.read(arguments).map_err(|problems| ToolError::InvalidArguments { tool, problems })
}
