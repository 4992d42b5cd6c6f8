//! `when = is_large` and `pattern = "shop.order.*"`, in front of all else that is around a handler.

use std::pin::Pin;
use std::sync::Arc;

use crate::bus::delivery::Step;
use crate::bus::run::{HandlerFuture, NotDone, Outcome, RunAsync, RunSync, Runner, decorate};
use crate::handler::HandlerInfo;

/// A handler that does not see some of the events.
struct Gate<R: ?Sized> {
    info: &'static HandlerInfo,
    inner: Arc<R>,
}

/// Lets in what the handler takes.
pub(super) fn gated(info: &'static HandlerInfo, runner: Runner) -> Runner {
    match runner {
        Runner::Sync(inner) => Runner::Sync(Arc::new(Gate { info, inner })),
        Runner::Async(inner) => Runner::Async(Arc::new(Gate { info, inner })),
    }
}

impl<R: ?Sized> Gate<R> {
    /// The pattern has been matched for the types of the registry; here it is matched for others.
    fn takes(&self, step: &Step<'_>) -> bool {
        step.event.event_type().is_some() || self.info.takes(step.event.name())
    }
}

impl RunSync for Gate<dyn RunSync> {
    fn run(&self, step: &Step<'_>) -> Outcome {
        if self.takes(step) && self.inner.accepts(step) {
            self.inner.run(step)
        } else {
            Err(Box::new(NotDone::Skipped))
        }
    }

    decorate!();
}

impl RunAsync for Gate<dyn RunAsync> {
    fn start<'a>(&'a self, step: &'a Step<'a>, mut room: Pin<&mut Option<HandlerFuture<'a>>>) {
        if self.takes(step) && self.inner.accepts(step) {
            self.inner.start(step, room);
        } else {
            room.set(Some(HandlerFuture::from(async { Err(Box::new(NotDone::Skipped)) })));
        }
    }

    decorate!();
}
