//! How a session ends.

use std::fmt;

/// Why a session has ended.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SessionEnd {
    /// The client closed the connection, or it was lost.
    #[error("the client left")]
    ByClient,
    /// A node ended the call, by [`EndCall`](crate::events::EndCall), or the program did.
    #[error("the agent ended it")]
    ByAgent,
    /// The program shuts down.
    #[error("the agent shuts down")]
    Shutdown,
    /// The client sent nothing for too long.
    #[error("nothing came from the client for too long")]
    Idle,
    /// The first event was not a valid [`Init`](crate::events::Init), or did not come in time.
    #[error("the session did not begin: {0}")]
    NotBegun(String),
    /// A frame of the client was larger than the limit.
    #[error("a frame was larger than the limit")]
    TooLarge,
    /// The client broke the rules of its connection.
    #[error("the client broke the protocol: {0}")]
    Protocol(String),
    /// A text frame of the client was not UTF-8.
    #[error("a text frame was not UTF-8")]
    NotText,
    /// The client left pending output unread for too long.
    #[error("the client did not read what it was sent")]
    NotReading,
    /// The client did not answer a ping in time.
    #[error("the client did not answer a ping")]
    NoPong,
    /// The session cannot continue, for example because a node could not be made or started. The text is for the
    /// client: what kind of thing failed, and the id under which the log has the rest.
    #[error("{0}")]
    Failed(String),
}

impl SessionEnd {
    /// Whether the client is gone, so that it cannot be told why.
    pub(super) fn is_by_absence(&self) -> bool {
        matches!(self, Self::ByClient | Self::NotReading | Self::NoPong)
    }

    /// Whether the client has caused it by what it did, or failed to do.
    pub(super) fn is_by_fault(&self) -> bool {
        match self {
            Self::ByClient | Self::ByAgent | Self::Shutdown | Self::Idle | Self::Failed(_) => false,
            Self::NotBegun(_) | Self::TooLarge | Self::Protocol(_) => true,
            Self::NotText | Self::NotReading | Self::NoPong => true,
        }
    }

    /// Returns the [close code](https://www.rfc-editor.org/rfc/rfc6455#section-7.4) of a WebSocket for this end.
    pub fn close_code(&self) -> u16 {
        match self {
            Self::ByClient | Self::ByAgent => 1000,
            Self::Shutdown | Self::Idle => 1001,
            Self::Protocol(_) => 1002,
            Self::NotText => 1007,
            Self::NotBegun(_) | Self::NotReading => 1008,
            Self::TooLarge => 1009,
            Self::Failed(_) | Self::NoPong => 1011,
        }
    }
}

/// Why an event, or work, did not get into a session.
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SessionError {
    /// The event declares neither `from(bus)` nor `to(client)`.
    #[error("the event declares neither `from(bus)` nor `to(client)`, and so stays on the bus")]
    StaysOnTheBus,
    /// The session has ended.
    #[error("the session has ended")]
    Ended,
    /// 1,024 events wait at the roots of its graph, or four times the bytes of
    /// [`SessionsBuilder::mailbox_bytes`](super::SessionsBuilder::mailbox_bytes).
    #[error("the session has too many events under way")]
    Full,
    /// As many futures of [`Session::spawn`](super::Session::spawn) run as
    /// [`SessionsBuilder::spawn_limit`](super::SessionsBuilder::spawn_limit) allows.
    #[error("the session has as much work under way as `SessionsBuilder::spawn_limit` allows")]
    TooMuchWork,
}

/// Shows the same as `Display`, since `Debug` prints what `main` returns.
impl fmt::Debug for SessionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
