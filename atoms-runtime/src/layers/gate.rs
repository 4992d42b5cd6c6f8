//! `when = is_large` and `pattern = "shop.order.*"`, in front of all else that is around a handler.

use std::pin::Pin;
use std::sync::Arc;

use crate::engine::runner::{HandlerFuture, NotDone, Outcome, RunAsync, RunSync, Runner, call, decorate};
use crate::engine::step::Step;
use crate::handler::HandlerInfo;

/// A handler that does not see some of the events.
struct Gate<R: ?Sized> {
    info: &'static HandlerInfo,
    inner: Arc<R>,
}

/// Lets in what the handler takes.
pub(crate) fn gated(info: &'static HandlerInfo, runner: Runner) -> Runner {
    match runner {
        Runner::Sync(inner) => Runner::Sync(Arc::new(Gate { info, inner })),
        Runner::Async(inner) => Runner::Async(Arc::new(Gate { info, inner })),
    }
}

impl<R: ?Sized> Gate<R> {
    /// The types of the registry were matched when the table was built; here it is all others' turn.
    fn takes(&self, step: &Step<'_>) -> bool {
        self.info.pattern().is_none() || self.info.takes(step.event.name())
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
        // In the future, since only there a panic of the condition is this handler's own.
        room.set(Some(HandlerFuture::from_or_box(async move {
            if self.takes(step) && self.inner.accepts(step) {
                call(&*self.inner, step).await
            } else {
                Err(Box::new(NotDone::Skipped))
            }
        })));
    }

    decorate!();
}
