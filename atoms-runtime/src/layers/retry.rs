//! `retry(attempts = 5, backoff = "exponential")`

use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use backon::{BackoffBuilder, ConstantBuilder, ExponentialBuilder};
use futures_util::FutureExt;

use super::call;
use crate::engine::runner::{HandlerFuture, NotDone, Outcome, RunAsync, decorate};
use crate::engine::step::Step;
use crate::handler::{Backoff, FailureKind, Retry};
use crate::letters::{Attempt, MAX_ATTEMPTS};
use crate::text::Shown;

/// A handler that is called again when it fails.
pub(crate) struct Retried {
    inner: Arc<dyn RunAsync>,
    retry: Retry,
}

impl Retried {
    pub(crate) fn new(inner: Arc<dyn RunAsync>, retry: Retry) -> Self {
        Self { inner, retry }
    }

    async fn run<'a>(&'a self, step: &'a Step<'a>) -> Outcome {
        let mut earlier = Vec::new();
        let mut delays = None;
        loop {
            let attempt = AssertUnwindSafe(call(&*self.inner, step)).catch_unwind().await;
            let attempt = attempt.unwrap_or_else(|panic| Err(NotDone::panicked(panic)));
            let kind = match attempt.map_err(|not_done| *not_done) {
                Err(NotDone::Failed { kind, .. }) => kind,
                Err(skipped) => return Err(Box::new(skipped)),
                Ok(()) => return Ok(()),
            };
            let delay = if self.is_worth_it(&kind) {
                delays.get_or_insert_with(|| self.delays()).next()
            } else {
                None
            };
            let Some(delay) = delay else { return Err(Box::new(NotDone::Failed { earlier, kind })) };
            step.discard_held();
            let (event_type, id, handler) = (step.event.name(), step.event.head().id(), self.handler()());
            tracing::warn!(r#type = event_type, %id, %handler, error = %Shown(&kind), ?delay, "a handler failed, and is called again");
            if earlier.len() == MAX_ATTEMPTS {
                earlier.remove(0);
            }
            earlier.push(Attempt::new(&kind));
            tokio::time::sleep(delay).await;
        }
    }

    fn is_worth_it(&self, kind: &FailureKind) -> bool {
        match kind {
            FailureKind::Error(error) => self.retry.is_worth_it(error),
            FailureKind::TimedOut { .. } => true,
            _ => false,
        }
    }

    /// The waits between the attempts.
    fn delays(&self) -> Box<dyn Iterator<Item = Duration> + Send> {
        let retry = &self.retry;
        let times = retry.attempts().saturating_sub(1) as usize;
        match retry.backoff() {
            Backoff::Fixed => {
                let delays = ConstantBuilder::new().with_delay(retry.delay()).with_max_times(times);
                Box::new(if retry.jitter() { delays.with_jitter() } else { delays }.build())
            }
            Backoff::Exponential => {
                let delays = ExponentialBuilder::new()
                    .with_factor(2.0)
                    .with_min_delay(retry.delay())
                    .with_max_delay(retry.max_delay())
                    .with_max_times(times);
                Box::new(if retry.jitter() { delays.with_jitter() } else { delays }.build())
            }
        }
    }
}

impl RunAsync for Retried {
    fn start<'a>(&'a self, step: &'a Step<'a>, mut room: Pin<&mut Option<HandlerFuture<'a>>>) {
        room.set(Some(HandlerFuture::from_or_box(self.run(step))));
    }

    decorate!();
}
