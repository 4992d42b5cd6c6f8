//! How a delivery can fail.

use std::error::Error;
use std::panic::Location;
use std::time::Duration;
use std::{fmt, mem};

use super::retry::Judgement;
use super::{ExtractError, HandlerError, HandlerInfo, Veto};
use crate::caught::{Guarded, caught, drop_caught};
use crate::event::EventType;

/// The recipient of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Recipient {
    /// A `#[handler]`.
    Handler(&'static HandlerInfo),
    /// A subscriber of the running bus, by the place in the source that subscribed it.
    Subscriber(&'static Location<'static>),
}

/// Why one delivery failed.
///
/// Showing or dropping it does not panic, even if a handler's own error does.
#[non_exhaustive]
pub enum FailureKind {
    /// The handler returned an error.
    Error(HandlerError),
    /// The handler panicked.
    Panic(String),
    /// A parameter could not be extracted.
    Extract(ExtractError),
    /// The event is not the one that the handler takes. Only an implementation of [`Event`](crate::Event) by hand can
    /// cause this.
    WrongEvent,
    /// The handler did not return within its `timeout`.
    TimedOut {
        /// The time limit.
        after: Duration,
    },
    /// A [`Layer`](crate::Layer) kept the event from this handler.
    Vetoed(Veto),
    /// The handler is `detached`, and could not be started.
    NotDetached(DetachError),
    /// The handler is `detached`, and the runtime that it ran in ended before it was done.
    RuntimeEnded,
}

impl fmt::Display for FailureKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Error(error) => Guarded(error).fmt(f),
            Self::Panic(message) => write!(f, "panicked: {message}"),
            Self::Extract(error) => Guarded(error).fmt(f),
            Self::WrongEvent => f.write_str("the event's description belongs to another event"),
            Self::TimedOut { after } => write!(f, "took longer than {after:?}"),
            Self::Vetoed(veto) => veto.fmt(f),
            Self::NotDetached(why) => write!(f, "could not be started beside the emit: {why}"),
            Self::RuntimeEnded => f.write_str("the tokio runtime that it ran in ended before it was done"),
        }
    }
}

impl fmt::Debug for FailureKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Error(error) => f.debug_tuple("Error").field(&Guarded(error)).finish(),
            Self::Panic(message) => f.debug_tuple("Panic").field(message).finish(),
            Self::Extract(error) => f.debug_tuple("Extract").field(&Guarded(error)).finish(),
            Self::WrongEvent => f.write_str("WrongEvent"),
            Self::TimedOut { after } => f.debug_struct("TimedOut").field("after", after).finish(),
            Self::Vetoed(veto) => f.debug_tuple("Vetoed").field(veto).finish(),
            Self::NotDetached(why) => f.debug_tuple("NotDetached").field(why).finish(),
            Self::RuntimeEnded => f.write_str("RuntimeEnded"),
        }
    }
}

impl Error for FailureKind {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Error(error) => caught(|| error.source()).ok().flatten(),
            Self::Extract(error) => error.source(),
            Self::NotDetached(why) => Some(why),
            _ => None,
        }
    }
}

impl Drop for FailureKind {
    fn drop(&mut self) {
        if let Self::Error(error) | Self::Extract(ExtractError { reason: error, .. }) = self {
            drop_caught(mem::replace(error, Box::new(Dropped)));
        }
    }
}

/// What is left of a handler's error when it is dropped.
#[derive(Debug, thiserror::Error)]
#[error("dropped")]
struct Dropped;

/// Why a `detached` handler could not be started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DetachError {
    /// The maximum number of detached handlers is running.
    #[error("{limit} detached handlers are running, which is the limit")]
    TooMany {
        /// The maximum.
        limit: usize,
    },
    /// The event was emitted outside of a tokio runtime.
    #[error("there is no tokio runtime")]
    NoRuntime,
    /// The deadline of the bus's shutdown has come.
    #[error("the bus is shut down")]
    Closed,
}

impl FailureKind {
    /// Returns the handler's own error if it returned one, and otherwise this error.
    pub fn into_error(mut self) -> HandlerError {
        match &mut self {
            Self::Error(error) => mem::replace(error, Box::new(Dropped)),
            _ => Box::new(self),
        }
    }

    /// The shortest wait before another attempt, or `None` if none may help. `judge` is that of the handler.
    pub(crate) fn wait_before_retry(&self, judge: Judgement) -> Option<Duration> {
        match self {
            Self::Error(error) => judge(error),
            Self::TimedOut { .. } => Some(Duration::ZERO),
            _ => None,
        }
    }

    /// What is to be shown: a handler's error as it is, so that it can be downcast.
    pub(crate) fn cause(&self) -> &(dyn Error + 'static) {
        match self {
            Self::Error(error) => &**error,
            other => other,
        }
    }
}

impl Recipient {
    /// The handler, if it is one of this event and not of every event.
    pub(crate) fn handler_of(self, event_type: &'static EventType) -> Option<&'static HandlerInfo> {
        match self {
            Self::Handler(handler) => Some(handler).filter(|it| it.event_types().contains(&event_type)),
            Self::Subscriber(_) => None,
        }
    }
}

impl fmt::Display for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Handler(handler) => handler.fmt(f),
            Self::Subscriber(place) => write!(f, "subscriber ({}:{})", place.file(), place.line()),
        }
    }
}
