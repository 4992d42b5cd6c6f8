//! Handlers as the bus runs them: bound to their states, and all of one type.

use std::any::Any;
use std::borrow::Borrow;
use std::fmt;
use std::pin::{Pin, pin};
use std::sync::Arc;

use stackfuture::StackFuture;

use super::step::Step;
use crate::caught::panic_message;
use crate::event::erased::lent::Lending;
use crate::handler::{
    AsyncHandler, Delivery, ExtractError, FailureKind, Handler, HandlerError, HandlerInfo, HandlerOptions,
    Input, Params, PrepareError, StartContext, SyncDelivery, SyncHandler, SyncParams, Veto,
};
use crate::letters::Attempt;

/// The outcome of one delivery to one handler. The error is boxed, so that success is one word.
pub type Outcome = Result<(), Box<NotDone>>;

/// Why a handler did not handle an event.
#[derive(Debug)]
#[non_exhaustive]
pub enum NotDone {
    /// The handler failed.
    Failed {
        /// The attempts before the last one, if the handler has a `retry`.
        earlier: Vec<Attempt>,
        /// Why the last attempt failed.
        kind: FailureKind,
    },
    /// The handler does not take this event, as its `when` decides. This is not a failure.
    Skipped,
}

impl NotDone {
    pub(crate) fn failed(kind: FailureKind) -> Box<Self> {
        Box::new(Self::Failed { earlier: Vec::new(), kind })
    }

    pub(crate) fn panicked(panic: Box<dyn Any + Send>) -> Box<Self> {
        Self::failed(FailureKind::Panic(panic_message(panic)))
    }

    /// Returns why the handler failed, if it did.
    pub fn failure(&self) -> Option<&FailureKind> {
        match self {
            Self::Failed { kind, .. } => Some(kind),
            Self::Skipped => None,
        }
    }
}

impl From<FailureKind> for Box<NotDone> {
    fn from(kind: FailureKind) -> Self {
        NotDone::failed(kind)
    }
}

impl From<Veto> for Box<NotDone> {
    fn from(veto: Veto) -> Self {
        NotDone::failed(FailureKind::Vetoed(veto))
    }
}

/// The future of one call of an async handler; larger ones are boxed inside of it.
pub(crate) type HandlerFuture<'a> = StackFuture<'a, Outcome, FUTURE_ROOM>;

/// Bytes that the future of a handler may have without an allocation.
const FUTURE_ROOM: usize = 256;

pub(crate) trait RunSync: Send + Sync {
    fn run(&self, step: &Step<'_>) -> Outcome;

    /// As [`run`](Self::run), with what layers lend.
    fn run_lent(&self, step: &Step<'_>, _lent: &Lending<'_>) -> Outcome {
        self.run(step)
    }

    /// Whether the handler takes the event, as its `when` decides.
    fn accepts(&self, step: &Step<'_>) -> bool;

    /// Who it is.
    fn handler(&self) -> fn() -> &'static HandlerInfo;
}

pub(crate) trait RunAsync: Send + Sync {
    /// Puts the future of a call into `room`.
    fn start<'a>(&'a self, step: &'a Step<'a>, room: Pin<&mut Option<HandlerFuture<'a>>>);

    /// Whether the handler takes the event, as its `when` decides.
    fn accepts(&self, step: &Step<'_>) -> bool;

    /// Who it is.
    fn handler(&self) -> fn() -> &'static HandlerInfo;
}

/// A handler, ready to run.
#[derive(Clone)]
pub(crate) enum Runner {
    Sync(Arc<dyn RunSync>),
    Async(Arc<dyn RunAsync>),
}

impl Runner {
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Sync(one), Self::Sync(other)) => Arc::ptr_eq(one, other),
            (Self::Async(one), Self::Async(other)) => Arc::ptr_eq(one, other),
            _ => false,
        }
    }
}

/// How a handler is made ready to run on a bus that starts; the description of each has one.
#[derive(Debug)]
pub(crate) struct Binding(fn(&StartContext<'_>, IsAskedBefore) -> Result<Runner, Vec<PrepareError>>);

/// Whether the condition of `when` is asked before the first attempt: at a further one it might have changed.
type IsAskedBefore = bool;

impl Binding {
    /// That of a sync handler.
    const fn sync<H: SyncHandler>() -> Self {
        Self(|start, is_asked_before| {
            let prepared = H::Params::prepare(start)?;
            Ok(Runner::Sync(Arc::new(BoundSync::<H> { prepared, is_asked_before })))
        })
    }

    /// That of an async handler.
    const fn asynchronous<H: AsyncHandler>() -> Self {
        Self(|start, is_asked_before| {
            let prepared = H::Params::prepare(start)?;
            Ok(Runner::Async(Arc::new(BoundAsync::<H> { prepared, is_asked_before })))
        })
    }
}

/// Describes handlers that a bus runs.
pub mod described {
    use super::Binding;
    use crate::handler::{AsyncHandler, HandlerInfo, Place, SyncHandler};

    /// Describes the handler `H`, which stands in this place.
    pub const fn sync<H: SyncHandler>(place: Place) -> HandlerInfo {
        HandlerInfo::sync::<H>(place, const { &Binding::sync::<H>() })
    }

    /// As [`sync`], for an `async` handler.
    pub const fn asynchronous<H: AsyncHandler>(place: Place) -> HandlerInfo {
        HandlerInfo::asynchronous::<H>(place, const { &Binding::asynchronous::<H>() })
    }
}

/// Makes a handler ready to run with these options.
pub(crate) fn bind(
    info: &HandlerInfo,
    options: &HandlerOptions,
    start: &StartContext<'_>,
) -> Result<Runner, Vec<PrepareError>> {
    match info.binding().and_then(|binding| binding.downcast_ref()) {
        Some(Binding(bind)) => bind(start, options.retry().is_some()),
        None => Err(vec![PrepareError::Other("something else than a bus calls it".into())]),
    }
}

/// Calls a handler and waits for it.
pub(crate) async fn call<'a>(run: &'a dyn RunAsync, step: &'a Step<'a>) -> Outcome {
    let mut room = pin!(None);
    run.start(step, room.as_mut());
    match room.as_mut().as_pin_mut() {
        Some(future) => future.await,
        None => Ok(()),
    }
}

/// What a runner around an `inner` one passes on to it.
macro_rules! decorate {
    () => {
        fn accepts(&self, step: &$crate::engine::step::Step<'_>) -> bool {
            self.inner.accepts(step)
        }

        fn handler(&self) -> fn() -> &'static $crate::handler::HandlerInfo {
            self.inner.handler()
        }
    };
}
pub(crate) use decorate;

impl fmt::Debug for Runner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sync(_) => "Sync",
            Self::Async(_) => "Async",
        })
    }
}

struct BoundSync<H: SyncHandler> {
    prepared: <H::Params as SyncParams>::Prepared,
    is_asked_before: IsAskedBefore,
}

impl<H: SyncHandler> BoundSync<H> {
    #[inline]
    fn call(&self, step: &Step<'_>, lent: Option<&Lending<'_>>) -> Outcome {
        let delivery = step.delivery(H::Named::info);
        let input = take::<H::Input>(&delivery, |input| self.is_asked_before || H::accepts(input))?;
        let params = H::Params::from_delivery(&self.prepared, &SyncDelivery::new(&delivery, lent));
        finished(H::finish(H::call(input.borrow(), extracted(params)?), &delivery))
    }
}

impl<H: SyncHandler> RunSync for BoundSync<H> {
    fn run(&self, step: &Step<'_>) -> Outcome {
        self.call(step, None)
    }

    fn run_lent(&self, step: &Step<'_>, lent: &Lending<'_>) -> Outcome {
        // Few handlers need it, and only these are compiled twice.
        if H::Params::ARE_LENT { self.call(step, Some(lent)) } else { self.run(step) }
    }

    fn accepts(&self, step: &Step<'_>) -> bool {
        accepts(&step.delivery(H::Named::info), H::accepts)
    }

    fn handler(&self) -> fn() -> &'static HandlerInfo {
        H::Named::info
    }
}

struct BoundAsync<H: AsyncHandler> {
    prepared: <H::Params as Params>::Prepared,
    is_asked_before: IsAskedBefore,
}

impl<H: AsyncHandler> RunAsync for BoundAsync<H> {
    fn start<'a>(&'a self, step: &'a Step<'a>, mut room: Pin<&mut Option<HandlerFuture<'a>>>) {
        room.set(Some(StackFuture::from_or_box(async move {
            let delivery = step.delivery(H::Named::info);
            let input = take::<H::Input>(&delivery, |input| self.is_asked_before || H::accepts(input))?;
            let params = extracted(H::Params::from_delivery(&self.prepared, &delivery))?;
            finished(H::finish(H::call(input.borrow(), params).await, &delivery))
        })));
    }

    fn accepts(&self, step: &Step<'_>) -> bool {
        accepts(&step.delivery(H::Named::info), H::accepts)
    }

    fn handler(&self) -> fn() -> &'static HandlerInfo {
        H::Named::info
    }
}

#[inline]
fn take<'a, I: Input>(
    delivery: &Delivery<'a>,
    accepts: impl FnOnce(&I) -> bool,
) -> Result<I::Held<'a>, Box<NotDone>> {
    let input = I::from_delivery(delivery).ok_or_else(|| NotDone::failed(FailureKind::WrongEvent))?;
    if accepts(input.borrow()) { Ok(input) } else { Err(Box::new(NotDone::Skipped)) }
}

fn accepts<I: Input>(delivery: &Delivery<'_>, accepts: impl FnOnce(&I) -> bool) -> bool {
    I::from_delivery(delivery).is_none_or(|input| accepts(input.borrow()))
}

#[inline]
fn extracted<P>(extracted: Result<P, ExtractError>) -> Result<P, Box<NotDone>> {
    extracted.map_err(|error| NotDone::failed(FailureKind::Extract(error)))
}

#[inline]
fn finished(finished: Result<(), HandlerError>) -> Outcome {
    finished.map_err(|error| NotDone::failed(FailureKind::Error(error)))
}
