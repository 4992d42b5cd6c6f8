//! What is known of an event's type.

use crate::sync::atomic::{AtomicU32, Ordering};
use std::fmt;

use super::{AnyEvent, Envelope, Event, EventKind};

/// What the registry knows of a type of events.
pub struct EventType {
    name: &'static str,
    path: &'static str,
    file: &'static str,
    line: u32,
    must_handle: bool,
    is_request: bool,
    sensitive: &'static [&'static str],
    decode: fn(&str) -> Result<AnyEvent, serde_json::Error>,
    /// The place in the dispatch tables plus one; zero until it is first asked for.
    index: AtomicU32,
}

static INDICES: AtomicU32 = AtomicU32::new(0);

impl EventType {
    /// Describes the event `E`, which stands at `path` in the program, in this place of its source.
    #[doc(hidden)]
    pub const fn new<E: Event>(path: &'static str, file: &'static str, line: u32) -> Self {
        Self {
            name: E::TYPE,
            path,
            file,
            line,
            must_handle: E::MUST_HANDLE,
            is_request: E::Kind::IS_REQUEST,
            sensitive: E::SENSITIVE,
            decode: |frame| serde_json::from_str::<Envelope<E>>(frame).map(AnyEvent::from),
            index: AtomicU32::new(0),
        }
    }

    /// The type string.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The path of the struct: its module and its name.
    pub fn path(&self) -> &'static str {
        self.path
    }

    /// The source file of the struct.
    pub fn file(&self) -> &'static str {
        self.file
    }

    /// The line in [`file`](Self::file).
    pub fn line(&self) -> u32 {
        self.line
    }

    /// Whether the event declares `must_handle`.
    pub fn must_handle(&self) -> bool {
        self.must_handle
    }

    /// Whether it is a [`Request`](crate::Request), which has a reply and exactly one handler.
    pub fn is_request(&self) -> bool {
        self.is_request
    }

    /// The names on the wire of the fields whose values no message may show.
    pub fn sensitive(&self) -> &'static [&'static str] {
        self.sensitive
    }

    /// Reads a flat JSON object as an event of this type, in its envelope.
    ///
    /// This is for a [`Codec`](crate::Codec), which adds to an error what the frame says of it.
    pub fn from_json(&self, frame: &str) -> Result<AnyEvent, serde_json::Error> {
        (self.decode)(frame)
    }

    /// A small number of this type's own, the same for the whole run of the program.
    #[inline]
    pub(crate) fn index(&self) -> usize {
        match self.index.load(Ordering::Relaxed) {
            0 => self.assign_index(),
            assigned => assigned as usize - 1,
        }
    }

    #[cold]
    fn assign_index(&self) -> usize {
        let new = INDICES.fetch_add(1, Ordering::Relaxed) + 1;
        match self.index.compare_exchange(0, new, Ordering::Relaxed, Ordering::Relaxed) {
            Ok(_) => new as usize - 1,
            Err(assigned) => assigned as usize - 1,
        }
    }
}

impl fmt::Debug for EventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventType")
            .field("name", &self.name)
            .field("path", &self.path)
            .field("must_handle", &self.must_handle)
            .finish_non_exhaustive()
    }
}

/// `shop.order.created (shop::OrderCreated, src/lib.rs:3)`
impl fmt::Display for EventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}, {}:{})", self.name, self.path, self.file, self.line)
    }
}

impl PartialEq for EventType {
    /// Two event types are equal if they are the same one.
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}

impl Eq for EventType {}
