//! The interceptors of the bus.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;

use futures_util::FutureExt;

use super::call;
use crate::engine::intercept::Interceptors;
use crate::engine::runner::{HandlerFuture, NotDone, Outcome, RunAsync, RunSync, Runner, decorate};
use crate::engine::step::Step;

/// A handler with the interceptors around it.
struct Intercepted<R: ?Sized> {
    inner: Arc<R>,
    interceptors: Arc<Interceptors>,
}

pub(super) fn intercepted(runner: Runner, interceptors: &Arc<Interceptors>) -> Runner {
    let interceptors = Arc::clone(interceptors);
    match runner {
        Runner::Sync(inner) => Runner::Sync(Arc::new(Intercepted { inner, interceptors })),
        Runner::Async(inner) => Runner::Async(Arc::new(Intercepted { inner, interceptors })),
    }
}

impl RunSync for Intercepted<dyn RunSync> {
    fn run(&self, step: &Step<'_>) -> Outcome {
        let delivery = step.delivery(self.inner.handler());
        let began = Instant::now();
        let outcome = self.interceptors.before_delivery(&delivery).and_then(|()| {
            let outcome = catch_unwind(AssertUnwindSafe(|| self.inner.run(step)));
            outcome.unwrap_or_else(|panic| Err(NotDone::panicked(panic)))
        });
        self.interceptors.after_delivery(&delivery, &outcome, began.elapsed());
        outcome
    }

    decorate!();
}

impl RunAsync for Intercepted<dyn RunAsync> {
    fn start<'a>(&'a self, step: &'a Step<'a>, mut room: Pin<&mut Option<HandlerFuture<'a>>>) {
        room.set(Some(HandlerFuture::from_or_box(async move {
            let delivery = step.delivery(self.inner.handler());
            let began = Instant::now();
            let outcome = match self.interceptors.before_delivery(&delivery) {
                Ok(()) => {
                    let outcome = AssertUnwindSafe(call(&*self.inner, step)).catch_unwind().await;
                    outcome.unwrap_or_else(|panic| Err(NotDone::panicked(panic)))
                }
                vetoed => vetoed,
            };
            self.interceptors.after_delivery(&delivery, &outcome, began.elapsed());
            outcome
        })));
    }

    decorate!();
}
