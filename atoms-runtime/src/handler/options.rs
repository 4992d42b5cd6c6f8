//! What `#[handler(...)]` says of how a handler is run.

use std::marker::PhantomData;
use std::time::Duration;

use super::HandlerError;

/// How a failed handler is tried again, as `#[handler(retry(...))]` says.
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

    /// How often the handler is called at most, the first time included.
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    /// How the waits grow.
    pub fn backoff(&self) -> Backoff {
        self.backoff
    }

    /// The first wait.
    pub fn delay(&self) -> Duration {
        self.delay
    }

    /// The longest wait.
    pub fn max_delay(&self) -> Duration {
        self.max_delay
    }

    /// Whether a random part is added to each wait, of up to its own length.
    pub fn jitter(&self) -> bool {
        self.jitter
    }

    pub(crate) fn is_worth_it(&self, error: &HandlerError) -> bool {
        (self.is_retryable)(error)
    }
}

/// Says of an error whether another attempt may help.
///
/// A handler with `retry` is called again after an error whose type does not implement this, and
/// after one that says so. A panic is never tried again.
///
/// ```
/// use atoms_runtime::Retryable;
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
pub trait Retryable {
    /// Whether another attempt may help.
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

impl<E: Retryable + std::error::Error + 'static> Judge<E> {
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
