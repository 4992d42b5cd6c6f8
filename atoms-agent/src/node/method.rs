//! The methods of a node, as `#[node]` expands them.

use std::borrow::Borrow;
use std::future::ready;
use std::time::Duration;

use atoms_runtime::{
    Delivery, Dispatch, Emitted, EventType, EventTypes, ExtractError, FailureKind, HandlerError, HandlerInfo,
    Input, Params, PrepareError, Returned, StartContext,
};

use tokio::time::timeout;

use super::layered::layered;

/// A `#[handler]` of the node `N`.
pub trait Method<N>: 'static {
    /// The type of the event, without its `&`.
    type Input: Input<Kind: IsPassedOn<Self::Input>>;
    /// The further parameters.
    type Params: Params;
    /// The type that the method returns, when awaited if it is `async`.
    type Output: Send;

    /// Whether it takes the event by value, so that the node does not pass it on.
    const CONSUMES: bool;

    /// What is known of what the method returns.
    const RETURNED: Returned;

    /// What is known of it.
    fn info() -> &'static HandlerInfo;

    /// Emits the events that the method returned.
    fn finish(output: Self::Output, delivery: &Delivery<'_>) -> Result<(), HandlerError>;

    /// Calls the method.
    fn call<'a>(
        node: &'a mut N,
        input: &'a Self::Input,
        params: <Self::Params as Params>::Values,
    ) -> impl Future<Output = Self::Output> + Send + 'a;
}

/// What a node handles: events, and no requests.
#[diagnostic::on_unimplemented(
    message = "`{I}` is a request, which a node does not handle",
    label = "a request",
    note = "write the handler outside of the node, as a function with `#[handler]`: a request has one handler in the program, and a node is there in every session"
)]
pub trait IsPassedOn<I> {}

impl<I> IsPassedOn<I> for Emitted {}

/// What a method has come to.
#[derive(Debug)]
pub enum Ran {
    /// It is done.
    Done,
    /// It failed.
    Failed(HandlerError),
    /// It failed, and has told the client so.
    Told(HandlerError),
}

impl From<Result<(), HandlerError>> for Ran {
    fn from(result: Result<(), HandlerError>) -> Self {
        result.map_or_else(Self::Failed, |()| Self::Done)
    }
}

impl From<ExtractError> for Ran {
    fn from(error: ExtractError) -> Self {
        Self::Failed(error.into())
    }
}

/// The methods of the node `N`: a list of pairs, each of a method and those behind it.
pub trait Methods<N>: Sized + 'static {
    /// What their parameters need, found once.
    type Prepared: Send + Sync + 'static;

    /// Prepares the parameters of each.
    fn prepare(start: &StartContext<'_>) -> Result<Self::Prepared, Vec<PrepareError>>;

    /// Which of them takes events of this type: its place, and whether it consumes it. Those that take every event
    /// take what no other does.
    fn find(event_type: Option<&'static EventType>, every: bool) -> Option<(usize, bool)>;

    /// Runs the one at this place.
    fn run<'a>(
        node: &'a mut N,
        prepared: &'a Self::Prepared,
        dispatch: &'a Dispatch<'a>,
        place: usize,
    ) -> impl Future<Output = Ran> + Send + 'a;
}

/// A method of any kind.
pub trait Run<N>: 'static {
    /// The type of the event, without its `&`.
    type Input: Input;
    /// The further parameters.
    type Params: Params;
    /// Whether the node does not pass the event on.
    const CONSUMES: bool;

    /// What is known of it.
    fn info() -> &'static HandlerInfo;

    /// Runs it.
    fn run<'a>(
        node: &'a mut N,
        prepared: &'a <Self::Params as Params>::Prepared,
        delivery: Delivery<'a>,
    ) -> impl Future<Output = Ran> + Send + 'a;
}

/// A method that is dropped, and has failed, when it takes longer than so many milliseconds.
#[derive(Debug)]
pub struct Timed<R, const MILLIS: u64>(std::marker::PhantomData<fn(R)>);

impl<N: Send, R: Run<N>, const MILLIS: u64> Run<N> for Timed<R, MILLIS> {
    type Input = R::Input;
    type Params = R::Params;
    const CONSUMES: bool = R::CONSUMES;

    fn info() -> &'static HandlerInfo {
        R::info()
    }

    async fn run<'a>(
        node: &'a mut N,
        prepared: &'a <R::Params as Params>::Prepared,
        delivery: Delivery<'a>,
    ) -> Ran {
        let after = Duration::from_millis(MILLIS);
        let ran = timeout(after, R::run(node, prepared, delivery)).await;
        ran.unwrap_or_else(|_| Ran::Failed(FailureKind::TimedOut { after }.into_error()))
    }
}

/// A [`Method`] as one to run.
#[derive(Debug)]
pub struct Handles<M>(std::marker::PhantomData<fn(M)>);

impl<N: Send, M: Method<N>> Run<N> for Handles<M> {
    type Input = M::Input;
    type Params = M::Params;
    const CONSUMES: bool = M::CONSUMES;

    fn info() -> &'static HandlerInfo {
        M::info()
    }

    async fn run<'a>(
        node: &'a mut N,
        prepared: &'a <M::Params as Params>::Prepared,
        delivery: Delivery<'a>,
    ) -> Ran {
        let Some(input) = M::Input::from_delivery(&delivery) else { return Ran::Done };
        let params = M::Params::from_delivery(prepared, &delivery);
        match params.map(|params| M::call(node, input.borrow(), params)) {
            Ok(output) => M::finish(output.await, &delivery).into(),
            Err(error) => error.into(),
        }
    }
}

impl<N> Methods<N> for () {
    type Prepared = ();

    fn prepare(_: &StartContext<'_>) -> Result<(), Vec<PrepareError>> {
        Ok(())
    }

    fn find(_: Option<&'static EventType>, _: bool) -> Option<(usize, bool)> {
        None
    }

    /// The future does not hold the node, so that rustc reports a node that is not `Send` once, and not here, too.
    fn run<'a>(
        _: &'a mut N,
        (): &'a (),
        _: &'a Dispatch<'a>,
        _: usize,
    ) -> impl Future<Output = Ran> + Send + 'a {
        ready(Ran::Done)
    }
}

impl<N: Send, H: Run<N>, Rest: Methods<N>> Methods<N> for (H, Rest) {
    type Prepared = (<H::Params as Params>::Prepared, Rest::Prepared);

    fn prepare(start: &StartContext<'_>) -> Result<Self::Prepared, Vec<PrepareError>> {
        match (H::Params::prepare(start), Rest::prepare(start)) {
            (Ok(first), Ok(rest)) => Ok((first, rest)),
            (first, rest) => Err(first.err().into_iter().chain(rest.err()).flatten().collect()),
        }
    }

    fn find(event_type: Option<&'static EventType>, every: bool) -> Option<(usize, bool)> {
        let named = || event_type.is_some_and(|known| H::Input::EVENTS.contains(known));
        let takes = if every { H::Input::EVERY_EVENT } else { named() };
        if takes {
            return Some((0, H::CONSUMES));
        }
        Rest::find(event_type, every).map(|(place, consumes)| (place + 1, consumes))
    }

    async fn run<'a>(
        node: &'a mut N,
        prepared: &'a Self::Prepared,
        dispatch: &'a Dispatch<'a>,
        place: usize,
    ) -> Ran {
        match place {
            // In a box, so that the future of a node without layers needs no room for it.
            0 if dispatch.is_layered() => Box::pin(layered::<N, H>(node, &prepared.0, dispatch)).await,
            0 => H::run(node, &prepared.0, dispatch.delivery(H::info)).await,
            _ => Rest::run(node, &prepared.1, dispatch, place - 1).await,
        }
    }
}

/// Describes a [`Method`], which stands in this place of the program's source.
pub const fn describe<N, M: Method<N>>(path: &'static str, file: &'static str, line: u32) -> HandlerInfo {
    let emits = const { EventTypes::all(&[&M::RETURNED.emits, &<M::Params as Params>::EMITS]) };
    HandlerInfo::method::<M::Input, M::Params>(path, file, line, emits, M::RETURNED.can_fail)
}
