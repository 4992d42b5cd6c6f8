//! Events of types that this program does not know.

use std::fmt;

use super::{EventId, Head, Metadata, Timestamp};

/// An event whose type this program does not know, as it was received.
///
/// It stays the same byte for byte: `&AnyEvent` handlers see it, and encoding it writes the received frame.
#[derive(Clone)]
pub struct RawEvent {
    head: Head,
    event_type: Box<str>,
    frame: Box<[u8]>,
}

impl fmt::Debug for RawEvent {
    /// Shows the frame's size only: what is in it nobody here knows.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawEvent")
            .field("event_type", &self.event_type)
            .field("bytes", &self.frame.len())
            .finish_non_exhaustive()
    }
}

impl RawEvent {
    /// Keeps a frame, of which the codec has read the type and the envelope.
    pub fn new(
        event_type: impl Into<Box<str>>,
        frame: impl Into<Box<[u8]>>,
        id: Option<EventId>,
        timestamp: Option<Timestamp>,
        metadata: Option<Metadata>,
    ) -> Self {
        Self {
            head: Head::from_parts(id, timestamp, metadata),
            event_type: event_type.into(),
            frame: frame.into(),
        }
    }

    /// Returns the type string.
    pub fn event_type(&self) -> &str {
        &self.event_type
    }

    /// Returns the frame, as it was received.
    pub fn frame(&self) -> &[u8] {
        &self.frame
    }

    pub(crate) fn head(&self) -> &Head {
        &self.head
    }

    pub(crate) fn head_mut(&mut self) -> &mut Head {
        &mut self.head
    }
}
