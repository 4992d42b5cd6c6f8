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
    attempts: u32,
    backoff: Backoff,
    delay: Duration,
    max_delay: Duration,
    jitter: bool,
    is_retryable: fn(&HandlerError) -> bool,
}

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
    /// For `#[handler]`; the delays are in milliseconds.
    #[doc(hidden)]
    pub const fn new(
        attempts: u32,
        backoff: Backoff,
        delay: u64,
        max_delay: u64,
        jitter: bool,
        is_retryable: fn(&HandlerError) -> bool,
    ) -> Self {
        let (delay, max_delay) = (Duration::from_millis(delay), Duration::from_millis(max_delay));
        Self { attempts, backoff, delay, max_delay, jitter, is_retryable }
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

    pub(crate) fn is_worth_it(&self, error: &HandlerError) -> bool {
        (self.is_retryable)(error)
    }
}

/// Tells of an error whether another attempt may help.
///
/// A handler with `retry` is called again after an error whose type does not implement this, and after one for which
/// [`is_retryable`](Self::is_retryable) returns `true`. A panic is never tried again.
///
/// Only the error of the handler's `Result` is asked, and not one in a `Box<dyn Error>`.
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
    pub const JUDGE: fn(&HandlerError) -> bool =
        |error| error.downcast_ref::<E>().is_none_or(Retryable::is_retryable);
}

/// For errors that say nothing of another attempt.
pub trait AlwaysRetry {
    /// Another attempt may always help.
    const JUDGE: fn(&HandlerError) -> bool = |_| true;
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

    const fn retry(is_retryable: fn(&HandlerError) -> bool) -> Retry {
        Retry::new(3, Backoff::Fixed, 1, 1, false, is_retryable)
    }

    #[test]
    fn an_error_that_can_be_asked_is_asked() {
        static RETRY: Retry = retry(crate::__judge!(Asked));
        assert!(RETRY.is_worth_it(&Asked(true).into()));
        assert!(!RETRY.is_worth_it(&Asked(false).into()));
    }

    #[test]
    fn after_any_other_error_another_attempt_may_help() {
        static SILENT: Retry = retry(crate::__judge!(Silent));
        static TEXT: Retry = retry(crate::__judge!(String));
        static BOXED: Retry = retry(crate::__judge!(HandlerError));
        assert!(SILENT.is_worth_it(&Silent.into()));
        assert!(TEXT.is_worth_it(&"text".into()));
        assert!(BOXED.is_worth_it(&Asked(false).into()));
    }
}
