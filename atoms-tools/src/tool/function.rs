//! The functions of tools: the traits that `#[tool]` implements, and their calls.

use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;

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

/// A function that was called.
pub enum Ran<'a, O> {
    /// It is done already.
    Ready(Result<O, NotRun>),
    /// It has to be waited for.
    Pending(Pin<Box<dyn Future<Output = Result<O, NotRun>> + Send + 'a>>),
}

/// What calls the function of the tool `T`. It is no part of the tool's own type, so that what is extracted need not be as
/// public as the tool.
pub trait Function<T: Tool>: 'static {
    /// What is prepared once, when the bus starts.
    type Prepared: Send + std::marker::Sync + 'static;

    /// The types of the events that the function may emit.
    const EMITS: EventTypes;

    /// Whether a parameter takes what a layer lends, so that the function is called in a delivery to a handler.
    const IS_LENT: bool = false;

    /// Prepares the parameters that are extracted.
    fn prepare(start: &StartContext<'_>) -> Result<Self::Prepared, Vec<PrepareError>>;

    /// As [`run`](Self::run), with what layers lend.
    fn run_lent<'d>(
        args: T::Args,
        prepared: &'d Self::Prepared,
        delivery: &SyncDelivery<'d>,
    ) -> Result<T::Output, NotRun> {
        let _ = (args, prepared, delivery);
        Err(NotRun::Failed("the function takes nothing that is lent".into()))
    }

    /// Extracts the parameters, and calls the function.
    fn run<'a>(args: T::Args, prepared: &'a Self::Prepared, delivery: Delivery<'a>) -> Ran<'a, T::Output>;
}

/// A [`SyncFunction`] as a `Function`.
pub struct Sync<F>(PhantomData<fn(F)>);

impl<T, F> Function<T> for Sync<F>
where
    T: Tool,
    F: SyncFunction<Tool = T>,
{
    type Prepared = <F::Params as SyncParams>::Prepared;

    const EMITS: EventTypes = F::Params::EMITS;

    const IS_LENT: bool = F::Params::ARE_LENT;

    fn prepare(start: &StartContext<'_>) -> Result<Self::Prepared, Vec<PrepareError>> {
        F::Params::prepare(start)
    }

    #[inline]
    fn run_lent<'d>(
        args: T::Args,
        prepared: &'d Self::Prepared,
        delivery: &SyncDelivery<'d>,
    ) -> Result<T::Output, NotRun> {
        let params = F::Params::from_delivery(prepared, delivery).map_err(NotRun::Extract)?;
        F::call(args, params).into_result().map_err(NotRun::Failed)
    }

    #[inline]
    fn run<'a>(args: T::Args, prepared: &'a Self::Prepared, delivery: Delivery<'a>) -> Ran<'a, T::Output> {
        let delivery = SyncDelivery::lending_nothing(&delivery);
        Ran::Ready(Self::run_lent(args, prepared, &delivery))
    }
}

/// An [`AsyncFunction`] as a `Function`.
pub struct Async<F>(PhantomData<fn(F)>);

impl<T, F> Function<T> for Async<F>
where
    T: Tool,
    F: AsyncFunction<Tool = T>,
{
    type Prepared = <F::Params as Params>::Prepared;

    const EMITS: EventTypes = F::Params::EMITS;

    fn prepare(start: &StartContext<'_>) -> Result<Self::Prepared, Vec<PrepareError>> {
        F::Params::prepare(start)
    }

    fn run<'a>(args: T::Args, prepared: &'a Self::Prepared, delivery: Delivery<'a>) -> Ran<'a, T::Output> {
        match F::Params::from_delivery(prepared, &delivery) {
            Ok(params) => Ran::Pending(Box::pin(async move {
                F::call(args, params).await.into_result().map_err(NotRun::Failed)
            })),
            Err(error) => Ran::Ready(Err(NotRun::Extract(error))),
        }
    }
}

impl<O> fmt::Debug for Ran<'_, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ready(_) => "Ready",
            Self::Pending(_) => "Pending",
        })
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
