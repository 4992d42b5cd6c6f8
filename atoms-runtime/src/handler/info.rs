//! What is known of a handler.

use std::fmt;
use std::sync::Arc;

use super::params::PrepareError;
use super::{AsyncHandler, Input, Output, Params, SyncHandler};
use crate::bus::StartContext;
use crate::bus::run::{BoundAsync, BoundSync, Runner};
use crate::event::EventType;

/// Makes a handler ready to run on a bus that starts.
type Bind = fn(&StartContext<'_>) -> Result<Runner, Vec<PrepareError>>;

/// What the registry knows of a handler.
pub struct HandlerInfo {
    path: &'static str,
    file: &'static str,
    line: u32,
    order: i32,
    allow_cycle: bool,
    is_async: bool,
    input: fn() -> Option<&'static EventType>,
    emits: fn(&mut dyn FnMut(&'static EventType)),
    bind: Bind,
    /// Keeps the instance of `Event::__handled_by` alive that the linker looks for.
    _handles: fn() -> fn(),
}

impl HandlerInfo {
    /// Describes the handler `H`, which stands at `path`, in this place of the program's source.
    #[doc(hidden)]
    pub const fn sync<H: SyncHandler>(path: &'static str, file: &'static str, line: u32) -> Self {
        let bind: Bind = |start| Ok(Runner::Sync(Arc::new(BoundSync::<H>::new(H::Params::prepare(start)?))));
        Self::of::<H, H::Input, H::Params, H::Output>(path, file, line, false, bind)
    }

    /// As [`sync`](Self::sync), for an `async` handler.
    #[doc(hidden)]
    pub const fn asynchronous<H: AsyncHandler>(path: &'static str, file: &'static str, line: u32) -> Self {
        let bind: Bind =
            |start| Ok(Runner::Async(Arc::new(BoundAsync::<H>::new(H::Params::prepare(start)?))));
        Self::of::<H, H::Input, H::Params, H::Output>(path, file, line, true, bind)
    }

    /// What both kinds of handlers have in common.
    const fn of<H, I: Input, P: Params, O: Output>(
        path: &'static str,
        file: &'static str,
        line: u32,
        is_async: bool,
        bind: Bind,
    ) -> Self {
        Self {
            path,
            file,
            line,
            order: 0,
            allow_cycle: false,
            is_async,
            input: I::event_type,
            emits: |declare| {
                P::emits(declare);
                O::emits(declare);
            },
            bind,
            _handles: I::handled_by::<H>,
        }
    }

    #[doc(hidden)]
    #[must_use]
    pub const fn with_order(mut self, order: i32) -> Self {
        self.order = order;
        self
    }

    #[doc(hidden)]
    #[must_use]
    pub const fn with_allow_cycle(mut self, allow_cycle: bool) -> Self {
        self.allow_cycle = allow_cycle;
        self
    }

    /// The path of the function: its module and its name.
    pub fn path(&self) -> &'static str {
        self.path
    }

    /// The source file of the function.
    pub fn file(&self) -> &'static str {
        self.file
    }

    /// The line in [`file`](Self::file).
    pub fn line(&self) -> u32 {
        self.line
    }

    /// The place among the sync handlers of an event: lower ones run earlier, and those of one
    /// order by their path. 0 by default.
    pub fn order(&self) -> i32 {
        self.order
    }

    /// Whether the events that the handler emits may lead back to it.
    pub fn allow_cycle(&self) -> bool {
        self.allow_cycle
    }

    /// Whether the function is `async`.
    pub fn is_async(&self) -> bool {
        self.is_async
    }

    /// The type of event that the handler takes; `None` if it sees every event.
    pub fn event_type(&self) -> Option<&'static EventType> {
        (self.input)()
    }

    /// The types of events that the handler's signature says it may emit, each once.
    pub fn emits(&self) -> Vec<&'static EventType> {
        let mut emitted = Vec::new();
        (self.emits)(&mut |event_type| {
            if !emitted.contains(&event_type) {
                emitted.push(event_type);
            }
        });
        emitted
    }

    pub(crate) fn bind(&self, start: &StartContext<'_>) -> Result<Runner, Vec<PrepareError>> {
        (self.bind)(start)
    }
}

impl fmt::Debug for HandlerInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HandlerInfo")
            .field("path", &self.path)
            .field("event_type", &self.event_type().map_or("*", EventType::name))
            .field("order", &self.order)
            .field("is_async", &self.is_async)
            .finish_non_exhaustive()
    }
}

/// `shop::confirm (src/lib.rs:12)`
impl fmt::Display for HandlerInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}:{})", self.path, self.file, self.line)
    }
}

impl PartialEq for HandlerInfo {
    /// Two handlers are equal if they are the same function.
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}

impl Eq for HandlerInfo {}
