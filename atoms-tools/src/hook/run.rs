//! Hooks as a bus runs them: with their prepared parameters, and with one type for each stage.

use std::any::{Any, TypeId};
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;

use atoms_runtime::{Delivery, EventTypes, ExtractError, HandlerError, Params, PrepareError, StartContext};

use super::configured::{IsAsync as IsAsyncConfigured, IsSync as IsSyncConfigured};
use super::{
    AfterDetachedHook, AfterHook, Answers, AsyncConfigured, AsyncHook, BeforeDetachedHook, BeforeHook,
    BeforeInput, ConfiguredHook, HookInput, NoAnswer, Stage, SyncConfigured, SyncHook,
};
use crate::call::Target;
use crate::tool::ToolInfo;

/// The answer of a hook, or its error.
pub(crate) type Answered<A> = Result<A, HandlerError>;

/// A hook that takes an `I`, and answers an `A`, ready to run.
pub(crate) enum RunHook<I, A> {
    Sync(Arc<dyn RunSync<I, A>>),
    Async(Arc<dyn RunAsync<I, A>>),
}

pub(crate) trait RunSync<I, A>: Send + Sync {
    /// Extracts the parameters, and calls the hook.
    fn run(&self, input: &mut I, delivery: &Delivery<'_>) -> Answered<A>;
}

pub(crate) trait RunAsync<I, A>: Send + Sync {
    /// Extracts the parameters, and calls the hook, which has to be waited for.
    fn run<'a>(&'a self, input: &'a mut I, delivery: &Delivery<'_>) -> Result<Running<'a, A>, ExtractError>;
}

/// The call of an async hook.
pub(crate) type Running<'a, A> = Pin<Box<dyn Future<Output = Answered<A>> + Send + 'a>>;

impl<I, A> Clone for RunHook<I, A> {
    fn clone(&self) -> Self {
        match self {
            Self::Sync(run) => Self::Sync(Arc::clone(run)),
            Self::Async(run) => Self::Async(Arc::clone(run)),
        }
    }
}

/// A [`RunHook`] of the hook's input and answer.
pub(crate) type BoundHook = Box<dyn Any + Send + Sync>;

/// Makes a hook ready to run.
pub(super) type Bind = fn(&StartContext<'_>) -> Result<Box<dyn Any + Send + Sync>, Vec<PrepareError>>;

struct Bound<H, P: Params, Answer> {
    prepared: P::Prepared,
    hook: PhantomData<fn(H) -> Answer>,
}

/// Converts the return value of the function into the answer.
trait Read<Output>: 'static {
    type Answer: Send + 'static;

    fn read(output: Output) -> Answered<Self::Answer>;
}

/// The conversion for a hook that takes an `I`, and decides.
struct Decides<I>(PhantomData<fn(I)>);

/// The conversion for a hook that does not decide.
struct Sees;

impl<I: BeforeInput, O: Answers<I>> Read<O> for Decides<I> {
    type Answer = I::Verdict;

    #[inline]
    fn read(output: O) -> Answered<I::Verdict> {
        output.into_verdict()
    }
}

impl<O: NoAnswer> Read<O> for Sees {
    type Answer = ();

    #[inline]
    fn read(output: O) -> Answered<()> {
        output.into_result()
    }
}

/// A [`SyncHook`].
struct IsSync<H, I, O>(PhantomData<fn(H, I) -> O>);

/// An [`AsyncHook`].
struct IsAsync<H, I, O>(PhantomData<fn(H, I) -> O>);

impl<H: SyncHook<I, O>, I, O, R: Read<O>> RunSync<I, R::Answer> for Bound<IsSync<H, I, O>, H::Params, R> {
    fn run(&self, input: &mut I, delivery: &Delivery<'_>) -> Answered<R::Answer> {
        let params = H::Params::from_delivery(&self.prepared, delivery)?;
        R::read(H::call(input, params))
    }
}

impl<H, I, O, R> RunAsync<I, R::Answer> for Bound<IsAsync<H, I, O>, H::Params, R>
where
    H: AsyncHook<I, O>,
    I: Send + 'static,
    R: Read<O>,
{
    fn run<'a>(
        &'a self,
        input: &'a mut I,
        delivery: &Delivery<'_>,
    ) -> Result<Running<'a, R::Answer>, ExtractError> {
        let params = H::Params::from_delivery(&self.prepared, delivery)?;
        let answer = H::call(input, params);
        Ok(Box::pin(async move { R::read(answer.await) }))
    }
}

/// A hook with its prepared parameters.
trait Prepared<I, A> {
    fn into_run(self) -> RunHook<I, A>;
}

impl<H: SyncHook<I, O>, I: 'static, O: 'static, R: Read<O>> Prepared<I, R::Answer>
    for Bound<IsSync<H, I, O>, H::Params, R>
{
    fn into_run(self) -> RunHook<I, R::Answer> {
        RunHook::Sync(Arc::new(self))
    }
}

impl<H, I, O, R> Prepared<I, R::Answer> for Bound<IsAsync<H, I, O>, H::Params, R>
where
    H: AsyncHook<I, O>,
    I: Send + 'static,
    O: 'static,
    R: Read<O>,
{
    fn into_run(self) -> RunHook<I, R::Answer> {
        RunHook::Async(Arc::new(self))
    }
}

/// What is known of a hook's function before a bus starts.
#[derive(Debug, Clone, Copy)]
pub struct HookFunction {
    pub(super) stage: Stage,
    pub(super) emits: EventTypes,
    pub(super) tool: fn() -> Option<&'static ToolInfo>,
    pub(super) has_parameters: fn() -> bool,
    pub(super) bind: Bind,
}

impl HookFunction {
    const fn of<H, I, P, R, A>(stage: Stage) -> Self
    where
        H: 'static,
        I: HookInput,
        P: Params,
        R: 'static,
        A: 'static,
        Bound<H, P, R>: Prepared<I, A>,
    {
        Self {
            stage,
            emits: P::EMITS,
            tool: I::tool,
            has_parameters: || TypeId::of::<P::Prepared>() != TypeId::of::<()>(),
            bind: bound::<H, P, R, I, A>,
        }
    }
}

fn bound<H: 'static, P: Params, R: 'static, I: 'static, A: 'static>(
    start: &StartContext<'_>,
) -> Result<BoundHook, Vec<PrepareError>>
where
    Bound<H, P, R>: Prepared<I, A>,
{
    let bound = Bound::<H, P, R> { prepared: P::prepare(start)?, hook: PhantomData };
    Ok(Box::new(bound.into_run()))
}

/// The function of the hook `H`, if `T`, which it is about, is a tool. If not, rustc has reported that, and takes
/// [`IfNoTool`] instead, which causes no further error.
#[derive(Debug)]
pub struct IfTool<T, H>(PhantomData<fn(T, H)>);

/// Declares the functions of the hooks of each stage, a sync and an async one.
macro_rules! stages {
    ($($stage:ident, $hook:ident, $read:ty: $sync:ident, $asynchronous:ident;)*) => {
        /// See [`IfTool`].
        #[allow(missing_docs, reason = "as those of `IfTool`")]
        pub trait IfNoTool {
            $(
                const $sync: HookFunction = OF_NO_TOOL;
                const $asynchronous: HookFunction = OF_NO_TOOL;
            )*
            const CONFIGURED_SYNC: HookFunction = OF_NO_TOOL;
            const CONFIGURED_ASYNC: HookFunction = OF_NO_TOOL;
        }

        impl<T, H> IfNoTool for IfTool<T, H> {}

        $(
            impl<T: Target, H> IfTool<T, H>
            where
                H: $hook + SyncHook<<H as $hook>::Input, <H as $hook>::Output>,
            {
                /// Its function, if it is not `async`.
                pub const $sync: HookFunction = HookFunction::of::<
                    IsSync<H, <H as $hook>::Input, <H as $hook>::Output>,
                    <H as $hook>::Input,
                    H::Params,
                    $read,
                    _,
                >(Stage::$stage);
            }

            impl<T: Target, H> IfTool<T, H>
            where
                H: $hook + AsyncHook<<H as $hook>::Input, <H as $hook>::Output>,
            {
                /// Its function, if it is `async`.
                pub const $asynchronous: HookFunction = HookFunction::of::<
                    IsAsync<H, <H as $hook>::Input, <H as $hook>::Output>,
                    <H as $hook>::Input,
                    H::Params,
                    $read,
                    _,
                >(Stage::$stage);
            }
        )*
    };
}

stages! {
    Before, BeforeHook, Decides<<H as BeforeHook>::Input>: BEFORE_SYNC, BEFORE_ASYNC;
    After, AfterHook, Sees: AFTER_SYNC, AFTER_ASYNC;
    BeforeDetached, BeforeDetachedHook, Sees: BEFORE_DETACHED_SYNC, BEFORE_DETACHED_ASYNC;
    AfterDetached, AfterDetachedHook, Sees: AFTER_DETACHED_SYNC, AFTER_DETACHED_ASYNC;
}

impl<T: Target, H> IfTool<T, H>
where
    H: ConfiguredHook + SyncConfigured<<H as ConfiguredHook>::Output>,
{
    /// Its function, if a configuration names it, and it is not `async`.
    pub const CONFIGURED_SYNC: HookFunction =
        HookFunction::configured::<IsSyncConfigured<H, <H as ConfiguredHook>::Output>, H::Params>();
}

impl<T: Target, H> IfTool<T, H>
where
    H: ConfiguredHook + AsyncConfigured<<H as ConfiguredHook>::Output>,
{
    /// Its function, if a configuration names it, and it is `async`.
    pub const CONFIGURED_ASYNC: HookFunction =
        HookFunction::configured::<IsAsyncConfigured<H, <H as ConfiguredHook>::Output>, H::Params>();
}

/// The function in a program that does not compile.
const OF_NO_TOOL: HookFunction = HookFunction {
    stage: Stage::Before,
    emits: EventTypes::NONE,
    tool: || None,
    has_parameters: || false,
    bind: |_| Err(Vec::new()),
};
