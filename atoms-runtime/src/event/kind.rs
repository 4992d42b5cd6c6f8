//! What is known of an event's type.

use crate::sync::atomic::{AtomicU32, Ordering};
use std::fmt;

use super::erased::EventRef;
use super::upcast::Unread;
use super::{AnyEvent, Event, EventKind, Flow};

/// A type of events, as the registry describes it.
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
    flat_json: FlatJson,
    /// The place in the dispatch tables plus one; zero until it is first asked for.
    index: AtomicU32,
}

/// How one type of events is read from a flat JSON object, and written as one. The wire makes it.
#[derive(Debug, Clone, Copy)]
pub struct FlatJson {
    /// Reads an object whose payload is of this version.
    pub(crate) read: fn(u32, &str) -> Result<AnyEvent, Unread>,
    /// Appends the object; what is appended stays there, if that fails.
    pub(crate) write: fn(EventRef<'_>, &mut Vec<u8>) -> Written,
}

/// Whether what was written has to be read back; or why it could not be written, or what the writing panicked with.
pub(crate) type Written = std::thread::Result<Result<bool, serde_json::Error>>;

static INDICES: AtomicU32 = AtomicU32::new(0);

impl EventType {
    /// Describes the event `E`, which stands at `path` in the program, in this place of its source.
    #[doc(hidden)]
    pub const fn new<E: Event>(
        path: &'static str,
        file: &'static str,
        line: u32,
        flat_json: FlatJson,
    ) -> Self {
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
            flat_json,
            index: AtomicU32::new(0),
        }
    }

    /// Returns the type string.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Returns the version of the struct, which is 1 if it declares none.
    pub fn version(&self) -> u32 {
        self.version
    }

    /// Returns the path of the struct: its module and its name.
    pub fn path(&self) -> &'static str {
        self.path
    }

    /// Returns the source file of the struct.
    pub fn file(&self) -> &'static str {
        self.file
    }

    /// Returns the line in [`file`](Self::file).
    pub fn line(&self) -> u32 {
        self.line
    }

    /// Returns whether the event declares `must_handle`.
    pub fn must_handle(&self) -> bool {
        self.must_handle
    }

    /// Returns whether the event is a [`Request`](crate::Request), which has a reply and exactly one handler.
    pub fn is_request(&self) -> bool {
        self.is_request
    }

    /// Returns where the event may go between a session, its client and the bus, and whether an interrupt drops it.
    pub fn flow(&self) -> Flow {
        self.flow
    }

    /// Returns the names on the wire of the fields whose values no message may show. An empty name stands for a
    /// flattened field, whose members may have any name.
    pub fn sensitive(&self) -> &'static [&'static str] {
        self.sensitive
    }

    /// How it is read from a flat JSON object, and written as one.
    pub(crate) fn flat_json(&self) -> FlatJson {
        self.flat_json
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
