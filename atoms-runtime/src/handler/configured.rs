//! How a handler is run on one bus, as the program configures it.

use std::time::Duration;

use super::retry::Judgement;
use super::{Backoff, HandlerInfo, Retry};

/// How a handler is run on one bus: what its `#[handler(...)]` says, changed by
/// [`BusBuilder::configure`](crate::BusBuilder::configure).
#[derive(Debug, Clone, Copy)]
#[must_use]
pub struct HandlerOptions {
    pub(crate) timeout: Option<Duration>,
    pub(crate) concurrency: Option<usize>,
    retry: Option<Retry>,
    judge: Judgement,
}

impl HandlerOptions {
    /// What the attribute says.
    pub(crate) fn of(info: &HandlerInfo) -> Self {
        let (timeout, concurrency, retry) = (info.timeout(), info.concurrency(), info.retry());
        Self { timeout, concurrency, retry, judge: info.judge() }
    }

    /// Sets after which time a call of the handler is dropped, and has failed. The handler's function is `async`.
    pub fn timeout(self, timeout: Duration) -> Self {
        Self { timeout: Some(timeout), ..self }
    }

    /// Lets a call of the handler take any time.
    pub fn without_timeout(self) -> Self {
        Self { timeout: None, ..self }
    }

    /// Sets how many calls of the handler may run at once.
    pub fn concurrency(self, calls: usize) -> Self {
        Self { concurrency: Some(calls), ..self }
    }

    /// Lets any number of calls of the handler run at once.
    pub fn without_concurrency(self) -> Self {
        Self { concurrency: None, ..self }
    }

    /// Sets how often the handler is called at most, the first time included: with 1, there is no retry. What is not set
    /// of a retry, by the attribute or here, is as with `#[handler(retry)]`. The handler can fail: its function returns a
    /// `Result`, or it has a timeout.
    pub fn attempts(self, attempts: u32) -> Self {
        self.retrying(|retry| retry.attempts = attempts)
    }

    /// Sets how the waits between the attempts grow.
    pub fn backoff(self, backoff: Backoff) -> Self {
        self.retrying(|retry| retry.backoff = backoff)
    }

    /// Sets the first wait.
    pub fn delay(self, delay: Duration) -> Self {
        self.retrying(|retry| retry.delay = delay)
    }

    /// Sets the longest wait.
    pub fn max_delay(self, max_delay: Duration) -> Self {
        self.retrying(|retry| retry.max_delay = max_delay)
    }

    /// Sets whether a random part is added to each wait.
    pub fn jitter(self, jitter: bool) -> Self {
        self.retrying(|retry| retry.jitter = jitter)
    }

    /// Sets the time since the first call after which the handler is not called again.
    pub fn deadline(self, deadline: Duration) -> Self {
        self.retrying(|retry| retry.deadline = Some(deadline))
    }

    /// Calls the handler once, whether it fails or not.
    pub fn without_retry(self) -> Self {
        Self { retry: None, ..self }
    }

    fn retrying(mut self, change: impl FnOnce(&mut Retry)) -> Self {
        change(self.retry.get_or_insert_with(|| Retry::by_default(self.judge)));
        self
    }

    /// The retry, if the handler may be called more than once.
    pub(crate) fn retry(&self) -> Option<Retry> {
        self.retry.filter(|retry| retry.attempts > 1)
    }

    /// What is wrong with them for this handler.
    pub(crate) fn problem(&self, info: &HandlerInfo) -> Option<&'static str> {
        let is_zero = |wait: Option<Duration>| wait == Some(Duration::ZERO);
        let retry = self.retry.as_ref();
        let rules = [
            (is_zero(self.timeout), "`timeout` cannot be zero"),
            (
                self.timeout.is_some() && !info.may_be_interrupted(),
                "`timeout` needs an `async` function: a sync one cannot be interrupted",
            ),
            (self.concurrency == Some(0), "`concurrency` is at least 1: with 0 no call would ever start"),
            (retry.is_some_and(|retry| retry.attempts == 0), "`attempts` is at least 1, for the first call"),
            (retry.is_some_and(|retry| is_zero(retry.deadline)), "`deadline` cannot be zero"),
            (
                self.retry().is_some() && self.timeout.is_none() && !info.returns_result(),
                "the handler returns no `Result` and has no `timeout`, so there is no failure after which to try again",
            ),
            (
                retry.is_some_and(|retry| {
                    retry.backoff == Backoff::Exponential && retry.delay > retry.max_delay
                }),
                "`delay` is above `max_delay`",
            ),
        ];
        rules.into_iter().find(|(is_broken, _)| *is_broken).map(|(_, rule)| rule)
    }
}
