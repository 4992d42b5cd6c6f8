//! Hooks that a configuration names, which says for whom and when they run.

use std::any::TypeId;
use std::future::{Future, ready};
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;

use atoms_runtime::{Delivery, ExtractError, HandlerError, Params, PrepareError, StartContext};

use super::Stage;
use super::run::{Answered, BoundHook, HookFunction};
use crate::call::EventData;

/// What a hook returns that a configuration names.
pub trait ConfiguredHook: 'static {
    /// The type that the function returns, when awaited if it is `async`.
    type Output: EventAnswer;
}

/// The function of a hook that a configuration names, if it is not `async`.
pub trait SyncConfigured<O>: 'static {
    /// The further parameters, which are extracted.
    type Params: Params;

    /// Calls the function.
    fn call(data: EventData, params: <Self::Params as Params>::Values) -> O;
}

/// The function of a hook that a configuration names, if it is `async`.
pub trait AsyncConfigured<O>: 'static {
    /// The further parameters, which are extracted.
    type Params: Params;

    /// Calls the function.
    fn call(data: EventData, params: <Self::Params as Params>::Values) -> impl Future<Output = O> + Send;
}

/// What a hook may return that a configuration names.
#[diagnostic::on_unimplemented(
    message = "a hook with `func` cannot return `{Self}`",
    label = "not `EventData`",
    note = "it returns the `EventData` that it was given, with what it has changed; or nothing; or a `Result` of one of the two",
    note = "to deny a call, return an error: `Err(\"why\")`"
)]
pub trait EventAnswer: Send + 'static {
    /// What replaces arguments or result, if anything does; or why the hook has failed.
    fn into_answer(self) -> Result<Option<EventData>, HandlerError>;
}

#[diagnostic::do_not_recommend]
impl EventAnswer for () {
    fn into_answer(self) -> Result<Option<EventData>, HandlerError> {
        Ok(None)
    }
}

#[diagnostic::do_not_recommend]
impl EventAnswer for EventData {
    fn into_answer(self) -> Result<Option<EventData>, HandlerError> {
        Ok(Some(self))
    }
}

#[diagnostic::do_not_recommend]
impl<O: EventAnswer, E: Into<HandlerError> + Send + 'static> EventAnswer for Result<O, E> {
    fn into_answer(self) -> Result<Option<EventData>, HandlerError> {
        self.map_err(Into::into)?.into_answer()
    }
}

/// A hook that a configuration names, ready to run.
pub(crate) trait RunConfigured: Send + Sync {
    /// Extracts the parameters, and calls the hook, which has to be waited for.
    fn run(&self, data: EventData, delivery: &Delivery<'_>) -> Result<RunningConfigured, ExtractError>;
}

/// The call of such a hook.
pub(crate) type RunningConfigured = Pin<Box<dyn Future<Output = Answered<Option<EventData>>> + Send>>;

pub(super) struct Bound<H, P: Params> {
    prepared: P::Prepared,
    hook: PhantomData<fn(H)>,
}

/// A [`SyncConfigured`].
pub(super) struct IsSync<H, O>(PhantomData<fn(H) -> O>);

/// An [`AsyncConfigured`].
pub(super) struct IsAsync<H, O>(PhantomData<fn(H) -> O>);

impl<H: SyncConfigured<O>, O: EventAnswer> RunConfigured for Bound<IsSync<H, O>, H::Params> {
    fn run(&self, data: EventData, delivery: &Delivery<'_>) -> Result<RunningConfigured, ExtractError> {
        let params = H::Params::from_delivery(&self.prepared, delivery)?;
        Ok(Box::pin(ready(H::call(data, params).into_answer())))
    }
}

impl<H: AsyncConfigured<O>, O: EventAnswer> RunConfigured for Bound<IsAsync<H, O>, H::Params> {
    fn run(&self, data: EventData, delivery: &Delivery<'_>) -> Result<RunningConfigured, ExtractError> {
        let params = H::Params::from_delivery(&self.prepared, delivery)?;
        let answer = H::call(data, params);
        Ok(Box::pin(async move { answer.await.into_answer() }))
    }
}

impl HookFunction {
    pub(super) const fn configured<H: 'static, P: Params>() -> Self
    where
        Bound<H, P>: RunConfigured,
    {
        Self {
            stage: Stage::Configured,
            emits: P::EMITS,
            tool: || None,
            has_parameters: || TypeId::of::<P::Prepared>() != TypeId::of::<()>(),
            bind: bound::<H, P>,
        }
    }
}

fn bound<H: 'static, P: Params>(start: &StartContext<'_>) -> Result<BoundHook, Vec<PrepareError>>
where
    Bound<H, P>: RunConfigured,
{
    let bound = Bound::<H, P> { prepared: P::prepare(start)?, hook: PhantomData };
    Ok(Box::new(Arc::new(bound) as Arc<dyn RunConfigured>))
}
