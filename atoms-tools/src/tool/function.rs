//! The functions of tools: the traits that `#[tool]` implements, and their calls.

use std::any::TypeId;
use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;

use atoms_runtime::{
    Delivery, EventTypes, ExtractError, HandlerError, Params, PrepareError, StartContext, SyncDelivery,
    SyncParams,
};

use super::Tool;

/// The function of a tool, if it is not `async`.
pub trait SyncFunction: 'static {
    /// The tool.
    type Tool: Tool;
    /// The parameters that are extracted.
    type Params: SyncParams;
    /// What the function returns: a `Result`, or [`Plain`].
    type Returned: Returned<<Self::Tool as Tool>::Output>;

    /// Calls the function.
    fn call(
        args: <Self::Tool as Tool>::Args,
        params: <Self::Params as SyncParams>::Values<'_>,
    ) -> Self::Returned;
}

/// The function of a tool, if it is `async`.
pub trait AsyncFunction: 'static {
    /// The tool.
    type Tool: Tool;
    /// The parameters that are extracted.
    type Params: Params;
    /// What the function returns when awaited: a `Result`, or [`Plain`].
    type Returned: Returned<<Self::Tool as Tool>::Output>;

    /// Calls the function.
    fn call(
        args: <Self::Tool as Tool>::Args,
        params: <Self::Params as Params>::Values,
    ) -> impl Future<Output = Self::Returned> + Send;
}

/// What the function of a tool returns, whose output is a `T`.
#[diagnostic::on_unimplemented(
    message = "a tool cannot return `{Self}`",
    label = "its `E` is neither an error nor text",
    note = "the `E` of a `Result<T, E>` implements `std::error::Error`, and is `Send + Sync`, or is text: a `String` or a `&'static str`"
)]
pub trait Returned<T>: 'static {
    /// What it returned, or why it failed.
    fn into_result(self) -> Result<T, HandlerError>;
}

#[diagnostic::do_not_recommend]
impl<T: 'static, E: Into<HandlerError> + 'static> Returned<T> for Result<T, E> {
    #[inline]
    fn into_result(self) -> Result<T, HandlerError> {
        self.map_err(Into::into)
    }
}

/// What a function returns that cannot fail.
#[derive(Debug)]
pub struct Plain<T>(pub T);

impl<T: 'static> Returned<T> for Plain<T> {
    #[inline]
    fn into_result(self) -> Result<T, HandlerError> {
        Ok(self.0)
    }
}

/// A `Result` that is spelled without its types, such as `std::fmt::Result`.
pub trait IsResultOf {
    /// What it has if it is no error.
    type Output;
}

impl<T, E> IsResultOf for Result<T, E> {
    type Output = T;
}

/// Why a function has no result.
#[derive(Debug)]
pub enum NotRun {
    /// A parameter cannot be extracted; the function was not called.
    Extract(ExtractError),
    /// It returned an error.
    Failed(HandlerError),
}

/// What calls the function of the tool `T`. It is no part of the tool's own type, so that what is extracted need not be as
/// public as the tool.
pub trait Function<T: Tool>: 'static {
    /// The types of the events that the function may emit.
    const EMITS: EventTypes;

    /// Prepares the parameters that are extracted.
    fn bind(start: &StartContext<'_>) -> Result<RunFunction<T>, Vec<PrepareError>>;

    /// Whether any parameter is extracted.
    fn has_parameters() -> bool;
}

/// The function of the tool `T`, ready to run.
pub enum RunFunction<T: Tool> {
    /// It need not be waited for.
    Sync(Arc<dyn RunSync<T>>),
    /// It takes a value that a layer lends, so it is called in a delivery to a handler.
    Lent(Arc<dyn RunSync<T>>),
    /// It has to be waited for.
    Async(Arc<dyn RunAsync<T>>),
}

/// A function that is not `async`, with its prepared parameters.
pub trait RunSync<T: Tool>: Send + std::marker::Sync {
    /// Extracts the parameters, and calls the function.
    fn run<'d>(&'d self, args: T::Args, delivery: &SyncDelivery<'d>) -> Result<T::Output, NotRun>;
}

/// A function that is `async`, with its prepared parameters.
pub trait RunAsync<T: Tool>: Send + std::marker::Sync {
    /// Extracts the parameters, and calls the function.
    fn run<'a>(&'a self, args: T::Args, delivery: &Delivery<'_>) -> Result<Running<'a, T::Output>, NotRun>;
}

/// The call of an async function.
pub(super) type Running<'a, O> = Pin<Box<dyn Future<Output = Result<O, NotRun>> + Send + 'a>>;

/// A [`SyncFunction`] as a `Function`.
pub struct Sync<F>(PhantomData<fn(F)>);

/// An [`AsyncFunction`] as a `Function`.
pub struct Async<F>(PhantomData<fn(F)>);

struct BoundSync<F: SyncFunction>(<F::Params as SyncParams>::Prepared);

struct BoundAsync<F: AsyncFunction>(<F::Params as Params>::Prepared);

impl<T: Tool, F: SyncFunction<Tool = T>> Function<T> for Sync<F> {
    const EMITS: EventTypes = F::Params::EMITS;

    fn bind(start: &StartContext<'_>) -> Result<RunFunction<T>, Vec<PrepareError>> {
        let bound = Arc::new(BoundSync::<F>(F::Params::prepare(start)?));
        Ok(if F::Params::ARE_LENT { RunFunction::Lent(bound) } else { RunFunction::Sync(bound) })
    }

    fn has_parameters() -> bool {
        !is_unit::<<F::Params as SyncParams>::Prepared>()
    }
}

impl<T: Tool, F: AsyncFunction<Tool = T>> Function<T> for Async<F> {
    const EMITS: EventTypes = F::Params::EMITS;

    fn bind(start: &StartContext<'_>) -> Result<RunFunction<T>, Vec<PrepareError>> {
        Ok(RunFunction::Async(Arc::new(BoundAsync::<F>(F::Params::prepare(start)?))))
    }

    fn has_parameters() -> bool {
        !is_unit::<<F::Params as Params>::Prepared>()
    }
}

fn is_unit<P: 'static>() -> bool {
    TypeId::of::<P>() == TypeId::of::<()>()
}

impl<T: Tool, F: SyncFunction<Tool = T>> RunSync<T> for BoundSync<F> {
    fn run<'d>(&'d self, args: T::Args, delivery: &SyncDelivery<'d>) -> Result<T::Output, NotRun> {
        let params = F::Params::from_delivery(&self.0, delivery).map_err(NotRun::Extract)?;
        F::call(args, params).into_result().map_err(NotRun::Failed)
    }
}

impl<T: Tool, F: AsyncFunction<Tool = T>> RunAsync<T> for BoundAsync<F> {
    fn run<'a>(&'a self, args: T::Args, delivery: &Delivery<'_>) -> Result<Running<'a, T::Output>, NotRun> {
        let params = F::Params::from_delivery(&self.0, delivery).map_err(NotRun::Extract)?;
        let returned = F::call(args, params);
        Ok(Box::pin(async move { returned.await.into_result().map_err(NotRun::Failed) }))
    }
}

impl<T: Tool> fmt::Debug for RunFunction<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RunFunction")
    }
}

impl<F> fmt::Debug for Sync<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sync")
    }
}

impl<F> fmt::Debug for Async<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Async")
    }
}
