//! Why an event was not posted.

use std::error::Error;
use std::fmt;

use super::named::DelayName;
use crate::event::AnyEvent;
use crate::handler::Veto;
use crate::store::StoreError;

/// An event was not posted.
pub struct PostError {
    pub(super) reason: PostRefusal,
    /// Why the store failed, if it did.
    pub(super) store: Option<StoreError>,
    /// The decision of a layer, if one has refused it.
    pub(super) veto: Option<Box<Veto>>,
    pub(super) event: AnyEvent,
}

/// Why an event was not posted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PostRefusal {
    /// The maximum number of events of its priority, or of events that are due later, are waiting or being handled.
    #[error("the queue is full, with {capacity} events of its kind; await the post to wait for room")]
    Full {
        /// The maximum number of unfinished events of one priority, or of events that are due later.
        capacity: usize,
    },
    /// The events that wait or are being handled take the maximum number of bytes.
    #[error("the queue is full, with {bytes} bytes of events of its kind; await the post to wait for room")]
    FullOfBytes {
        /// The maximum number of bytes of the unfinished events of one priority, or of those that are due later.
        bytes: usize,
    },
    /// The name or the key of a delayed event is too long.
    #[error("the name or the key of a delayed event has more than {} bytes", DelayName::MAX_BYTES)]
    NameTooLong,
    /// The bus was shut down.
    #[error("the bus is shut down")]
    Closed,
    /// The bus has another backlog, where posting has to wait: await the post.
    #[error("the bus stores posted events, which takes time; await the post")]
    MustWait,
    /// The backlog failed. The source of the error says why.
    #[error("the backlog failed")]
    Store,
    /// A [layer](crate::PostLayer) or an [interceptor](crate::Interceptor) has refused the event:
    /// [`PostError::veto`] says why.
    #[error("a layer has refused it")]
    Vetoed,
    /// The event was posted outside of a tokio runtime, and no other runtime delivers for the bus.
    #[error("there is no tokio runtime to deliver it in; post it in one")]
    NoRuntime,
}

impl PostRefusal {
    /// Whether there is no room now.
    pub(super) fn is_full(self) -> bool {
        matches!(self, Self::Full { .. } | Self::FullOfBytes { .. })
    }
}

crate::text::debug_as_display!(PostError);

impl fmt::Display for PostError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` was not posted: ", self.event.event_type())?;
        match (&self.store, &self.veto) {
            (Some(error), _) => error.fmt(f),
            (None, Some(veto)) => veto.fmt(f),
            (None, None) => self.reason.fmt(f),
        }
    }
}

impl Error for PostError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match (&self.store, &self.veto) {
            (Some(error), _) => Some(error),
            (None, Some(veto)) => Some(&**veto),
            (None, None) => Some(&self.reason),
        }
    }
}

impl PostError {
    pub(super) fn new(reason: PostRefusal, event: AnyEvent) -> Self {
        Self { reason, store: None, veto: None, event }
    }

    /// Returns the reason.
    pub fn reason(&self) -> PostRefusal {
        self.reason
    }

    /// Returns the decision of the layer that has refused the event, if one has.
    pub fn veto(&self) -> Option<&Veto> {
        self.veto.as_deref()
    }

    /// Returns the event.
    pub fn into_event(self) -> AnyEvent {
        self.event
    }
}
