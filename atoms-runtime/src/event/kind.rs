//! What is known of an event's type.

use crate::sync::atomic::{AtomicU32, Ordering};
use std::fmt;

use super::{AnyEvent, Event, EventKind, Flow};
use crate::wire::DecodeError;
use crate::wire::upcast::{Unread, caught};
use crate::wire::versions;

/// What the registry knows of a type of events.
pub struct EventType {
    name: &'static str,
    version: u32,
    path: &'static str,
    file: &'static str,
    line: u32,
    must_handle: bool,
    is_request: bool,
    flow: Flow,
    sensitive: &'static [&'static str],
    read: fn(u32, &str) -> Result<AnyEvent, Unread>,
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
            version: E::VERSION,
            path,
            file,
            line,
            must_handle: E::MUST_HANDLE,
            is_request: E::Kind::IS_REQUEST,
            flow: E::FLOW,
            sensitive: E::SENSITIVE,
            read: |version, frame| {
                let hides = !E::SENSITIVE.is_empty();
                caught(hides, || E::__read(version, frame).map(AnyEvent::from))
            },
            index: AtomicU32::new(0),
        }
    }

    /// The type string.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The version of the struct: 1 if it declares none.
    pub fn version(&self) -> u32 {
        self.version
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

    /// Where the event may go between a session, its client and the bus, and whether an interrupt drops it.
    pub fn flow(&self) -> Flow {
        self.flow
    }

    /// The names on the wire of the fields whose values no message may show. An empty name stands for a
    /// flattened field, whose members may have any.
    pub fn sensitive(&self) -> &'static [&'static str] {
        self.sensitive
    }

    /// Reads a flat JSON object as an event of this type, in its envelope. A frame of an older version
    /// becomes this one, if the event `upcasts` it.
    ///
    /// This is for a [`Codec`](crate::Codec). In an error, no sensitive field's value is shown. A panic of the
    /// code that reads a field is an error as well.
    pub fn from_json(&self, frame: &str) -> Result<AnyEvent, DecodeError> {
        let version = if self.version > 1 { versions::of_frame(frame, self)? } else { 1 };
        (self.read)(version, frame).map_err(|unread| unread.explain(frame, self))
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
            .field("version", &self.version)
            .field("path", &self.path)
            .field("must_handle", &self.must_handle)
            .finish_non_exhaustive()
    }
}

/// `shop.order.created (shop::OrderCreated, src/lib.rs:3)`; behind the name, ` version 2`, if it is not 1.
impl fmt::Display for EventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)?;
        if self.version > 1 {
            write!(f, " version {}", self.version)?;
        }
        write!(f, " ({}, {}:{})", self.path, self.file, self.line)
    }
}

impl PartialEq for EventType {
    /// Two event types are equal if they are the same one.
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}

impl Eq for EventType {}
