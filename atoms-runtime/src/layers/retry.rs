//! `retry(attempts = 5, backoff = "exponential")`

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use tokio::time::Instant;

use crate::engine::layer::{Layer, Next};
use crate::engine::runner::{NotDone, Outcome};
use crate::handler::{Backoff, Delivery, Retry};
use crate::letters::{Attempt, MAX_ATTEMPTS};
use crate::text::Shown;

/// Calls a handler again when it fails.
pub(super) struct Retried(pub(super) Retry);

impl Layer for Retried {
    async fn deliver(&self, delivery: &Delivery<'_>, next: &mut Next<'_>) -> Outcome {
        let mut earlier = Vec::new();
        let mut delays = None;
        // The clock has no time that is as far away as the longest deadlines: these end nothing.
        let deadline = self.0.deadline().and_then(|deadline| Instant::now().checked_add(deadline));
        loop {
            let kind = match next.run().await.map_err(|not_done| *not_done) {
                Err(NotDone::Failed { kind, .. }) => kind,
                Err(skipped) => return Err(Box::new(skipped)),
                Ok(()) => return Ok(()),
            };
            let delay = kind.wait_before_retry(self.0.judge()).and_then(|at_least| {
                let delay = delays.get_or_insert_with(|| self.delays()).next()?.max(at_least);
                let in_time = deadline.is_none_or(|deadline| delay < deadline.duration_since(Instant::now()));
                in_time.then_some(delay)
            });
            let Some(delay) = delay else { return Err(Box::new(NotDone::Failed { earlier, kind })) };
            let (event_type, id, handler) = (delivery.event_type(), delivery.id(), delivery.handler());
            tracing::warn!(r#type = event_type, %id, %handler, error = %Shown(&kind), ?delay, "a handler failed, and is called again");
            if earlier.len() == MAX_ATTEMPTS {
                earlier.remove(0);
            }
            earlier.push(Attempt::new(&kind));
            tokio::time::sleep(delay).await;
        }
    }
}

impl Retried {
    /// The waits between the attempts.
    fn delays(&self) -> ExponentialBackoff {
        let retry = &self.0;
        let (factor, longest) = match retry.backoff() {
            // backon's own builder of these panics at the longest delays, with jitter.
            Backoff::Fixed => (1.0, retry.delay()),
            Backoff::Exponential => (2.0, retry.max_delay()),
        };
        let delays = ExponentialBuilder::new()
            .with_factor(factor)
            .with_min_delay(retry.delay())
            .with_max_delay(longest)
            .with_max_times(retry.attempts().saturating_sub(1) as usize);
        if retry.jitter() { delays.with_jitter() } else { delays }.build()
    }
}
