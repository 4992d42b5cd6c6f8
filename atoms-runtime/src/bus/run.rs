//! Handlers as the bus runs them: bound to their states, and all of one type.

use std::borrow::Borrow as _;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use stackfuture::StackFuture;

use super::delivery::{Delivery, Step};
use super::failure::FailureKind;
use crate::handler::{AsyncHandler, Input, Output, Params, SyncHandler};

/// What became of one call of a handler: boxed, so that success is one word.
pub(crate) type Outcome = Result<(), Box<FailureKind>>;

/// The future of one call of an async handler; larger ones are boxed inside of it.
pub(crate) type HandlerFuture<'a> = StackFuture<'a, Outcome, FUTURE_ROOM>;

/// Bytes that the future of a handler may have without an allocation.
const FUTURE_ROOM: usize = 256;

pub(crate) trait RunSync: Send + Sync {
    fn run(&self, step: &Step<'_>) -> Outcome;
}

pub(crate) trait RunAsync: Send + Sync {
    /// Puts the future of a call into `room`.
    fn start<'a>(&'a self, step: &'a Step<'a>, room: Pin<&mut Option<HandlerFuture<'a>>>);
}

/// A handler, ready to run.
pub(crate) enum Runner {
    Sync(Arc<dyn RunSync>),
    Async(Arc<dyn RunAsync>),
}

impl fmt::Debug for Runner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sync(_) => "Sync",
            Self::Async(_) => "Async",
        })
    }
}

pub(crate) struct BoundSync<H: SyncHandler> {
    prepared: <H::Params as Params>::Prepared,
}

impl<H: SyncHandler> BoundSync<H> {
    pub(crate) fn new(prepared: <H::Params as Params>::Prepared) -> Self {
        Self { prepared }
    }
}

impl<H: SyncHandler> RunSync for BoundSync<H> {
    fn run(&self, step: &Step<'_>) -> Outcome {
        let delivery = Delivery::new(step, H::info);
        let (input, params) = extract::<H::Input, H::Params>(&self.prepared, &delivery)?;
        finish(H::call(input.borrow(), params), &delivery)
    }
}

pub(crate) struct BoundAsync<H: AsyncHandler> {
    prepared: <H::Params as Params>::Prepared,
}

impl<H: AsyncHandler> BoundAsync<H> {
    pub(crate) fn new(prepared: <H::Params as Params>::Prepared) -> Self {
        Self { prepared }
    }
}

impl<H: AsyncHandler> RunAsync for BoundAsync<H> {
    fn start<'a>(&'a self, step: &'a Step<'a>, mut room: Pin<&mut Option<HandlerFuture<'a>>>) {
        room.set(Some(StackFuture::from_or_box(async move {
            let delivery = Delivery::new(step, H::info);
            let (input, params) = extract::<H::Input, H::Params>(&self.prepared, &delivery)?;
            finish(H::call(input.borrow(), params).await, &delivery)
        })));
    }
}

#[inline]
fn extract<'a, I: Input, P: Params>(
    prepared: &P::Prepared,
    delivery: &Delivery<'a>,
) -> Result<(I::Held<'a>, P::Values), Box<FailureKind>> {
    let input = I::from_delivery(delivery).ok_or_else(|| Box::new(FailureKind::WrongEvent))?;
    let params = P::from_delivery(prepared, delivery).map_err(|e| Box::new(FailureKind::Extract(e)))?;
    Ok((input, params))
}

#[inline]
fn finish<O: Output>(output: O, delivery: &Delivery<'_>) -> Outcome {
    output.emit(delivery).map_err(|error| Box::new(FailureKind::Error(error)))
}
