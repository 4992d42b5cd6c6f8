//! `retry(...)`: how a failed handler is tried again, and after which errors.

use std::marker::PhantomData;
use std::time::Duration;

use super::HandlerError;

/// How a failed handler is tried again, as `#[handler(retry(...))]` says.
///
/// ```
/// use std::time::Duration;
///
/// use atoms::{Backoff, Handler, event, handler};
///
/// #[event(type = "shop.order.created")]
/// struct OrderCreated;
///
/// #[handler(retry(attempts = 5, delay = "1s"))]
/// async fn mail(_: &OrderCreated) -> Result<(), std::io::Error> {
///     Ok(())
/// }
///
/// let retry = <mail as Handler>::info().retry().unwrap();
/// assert_eq!(retry.attempts(), 5);
/// assert_eq!(retry.backoff(), Backoff::Exponential);
/// assert_eq!(retry.delay(), Duration::from_secs(1));
/// assert_eq!(retry.max_delay(), Duration::from_secs(30));
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Retry {
    pub(super) attempts: u32,
    pub(super) backoff: Backoff,
    pub(super) delay: Duration,
    pub(super) max_delay: Duration,
    pub(super) jitter: bool,
    pub(super) deadline: Option<Duration>,
    judge: Judgement,
}

/// Returns the shortest wait before another attempt, or `None` if none may help.
pub(crate) type Judgement = fn(&HandlerError) -> Option<Duration>;

/// How the waits between the attempts grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Backoff {
    /// All are the same.
    Fixed,
    /// Each is twice the one before it.
    Exponential,
}

impl Retry {
    /// For `#[handler]`, which has checked literals.
    #[doc(hidden)]
    #[track_caller]
    pub const fn new(
        attempts: u32,
        backoff: Backoff,
        delay: Duration,
        max_delay: Duration,
        jitter: bool,
        judge: fn(&HandlerError) -> Option<Duration>,
    ) -> Self {
        assert!(
            delay.as_nanos() <= max_delay.as_nanos(),
            "`delay` is above `max_delay`, which is 30s if not given"
        );
        Self { attempts, backoff, delay, max_delay, jitter, deadline: None, judge }
    }

    /// As `#[handler(retry)]` without a list.
    pub(super) fn by_default(judge: Judgement) -> Self {
        let (delay, max_delay) = (Duration::from_millis(100), Duration::from_secs(30));
        Self::new(3, Backoff::Exponential, delay, max_delay, false, judge)
    }

    /// For `#[handler]`.
    #[doc(hidden)]
    #[must_use]
    pub const fn with_deadline(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// Returns how often the handler is called at most, including the first time.
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    /// Returns how the waits grow.
    pub fn backoff(&self) -> Backoff {
        self.backoff
    }

    /// Returns the first wait.
    pub fn delay(&self) -> Duration {
        self.delay
    }

    /// Returns the longest wait.
    pub fn max_delay(&self) -> Duration {
        self.max_delay
    }

    /// Returns whether a random part is added to each wait, of up to its own length.
    pub fn jitter(&self) -> bool {
        self.jitter
    }

    /// Returns the time since the first call after which the handler is not called again, if there is one.
    pub fn deadline(&self) -> Option<Duration> {
        self.deadline
    }

    pub(crate) fn judge(&self) -> Judgement {
        self.judge
    }
}

/// Tells of an error whether another attempt may help.
///
/// A handler with `retry` is called again after an error whose type does not implement this, and after one for which
/// [`is_retryable`](Self::is_retryable) returns `true`. It is also called again after it has exceeded its `timeout`. A
/// panic is never tried again.
///
/// Only the error of the handler's `Result` is asked, and not one in a `Box<dyn Error>`. A
/// [`RequestError`](crate::RequestError) implements this: it passes on what the error of the request's handler says.
///
/// ```
/// use atoms::Retryable;
///
/// #[derive(Debug, thiserror::Error)]
/// enum MailError {
///     #[error("the server does not answer")]
///     Unreachable,
///     #[error("there is no such address")]
///     NoSuchAddress,
/// }
///
/// impl Retryable for MailError {
///     fn is_retryable(&self) -> bool {
///         matches!(self, Self::Unreachable)
///     }
/// }
/// ```
pub trait Retryable: std::error::Error + 'static {
    /// Returns whether another attempt may help.
    fn is_retryable(&self) -> bool;

    /// Returns how long to wait before another attempt at least, as the `Retry-After` of an HTTP response says. The
    /// handler's own wait is used if that is longer. `max_delay` does not shorten this one, but a `deadline` ends the
    /// attempts at once if the wait would exceed it.
    fn retry_after(&self) -> Option<Duration> {
        None
    }
}

/// What a handler with `retry` returns: a `Result`.
#[diagnostic::on_unimplemented(
    message = "a handler with `retry` must be able to fail, and `{Self}` cannot",
    label = "there is no failure after which to try again",
    note = "return a `Result`, or remove `retry`"
)]
pub trait Fallible {
    /// The error.
    type Error;
}

impl<T, E> Fallible for Result<T, E> {
    type Error = E;
}

/// A handler with `retry`, and the error after which it is called again.
pub trait Retries {
    /// The error.
    type Error;
}

/// Finds out whether an error type is [`Retryable`]: `Judge::<E>::JUDGE` is the inherent constant if it
/// is, and otherwise that of [`AlwaysRetry`].
#[derive(Debug)]
pub struct Judge<E>(PhantomData<E>);

impl<E: Retryable> Judge<E> {
    /// Asks the error itself.
    pub const JUDGE: fn(&HandlerError) -> Option<Duration> = judge::<E>;
}

impl<T, E: Retryable> Judge<Result<T, E>> {
    /// Asks the error of what a handler returns.
    pub const OF_OUTPUT: fn(&HandlerError) -> Option<Duration> = judge::<E>;
}

/// Returns the shortest wait before another attempt, as this error says.
pub(crate) fn wait_of(error: &impl Retryable) -> Option<Duration> {
    error.is_retryable().then(|| error.retry_after().unwrap_or_default())
}

fn judge<E: Retryable>(error: &HandlerError) -> Option<Duration> {
    error.downcast_ref::<E>().map_or(Some(Duration::ZERO), wait_of)
}

/// For errors that say nothing of another attempt.
pub trait AlwaysRetry {
    /// Another attempt may always help.
    const JUDGE: fn(&HandlerError) -> Option<Duration> = |_| Some(Duration::ZERO);
    /// As `JUDGE`, for what a handler returns.
    const OF_OUTPUT: fn(&HandlerError) -> Option<Duration> = |_| Some(Duration::ZERO);
}

impl<E> AlwaysRetry for Judge<E> {}

#[cfg(test)]
mod tests {
    use std::fmt;

    use super::*;

    #[derive(Debug)]
    struct Asked(bool);

    #[derive(Debug)]
    struct Silent;

    impl fmt::Display for Asked {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("asked")
        }
    }

    impl fmt::Display for Silent {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("silent")
        }
    }

    impl std::error::Error for Asked {}

    impl std::error::Error for Silent {}

    impl Retryable for Asked {
        fn is_retryable(&self) -> bool {
            self.0
        }
    }

    const fn retry(judge: Judgement) -> Retry {
        Retry::new(3, Backoff::Fixed, Duration::from_millis(1), Duration::from_millis(1), false, judge)
    }

    #[test]
    fn an_error_that_can_be_asked_is_asked() {
        static RETRY: Retry = retry(crate::__judge!(Asked));
        assert_eq!((RETRY.judge())(&Asked(true).into()), Some(Duration::ZERO));
        assert_eq!((RETRY.judge())(&Asked(false).into()), None);
    }

    #[test]
    fn after_any_other_error_another_attempt_may_help() {
        static SILENT: Retry = retry(crate::__judge!(Silent));
        static TEXT: Retry = retry(crate::__judge!(String));
        static BOXED: Retry = retry(crate::__judge!(HandlerError));
        assert_eq!((SILENT.judge())(&Silent.into()), Some(Duration::ZERO));
        assert_eq!((TEXT.judge())(&"text".into()), Some(Duration::ZERO));
        assert_eq!((BOXED.judge())(&Asked(false).into()), Some(Duration::ZERO));
    }
}
