//! Why a bus does not start.

use std::fmt;

use super::EntryInfo;
use crate::event::EventType;
use crate::handler::{HandlerError, HandlerInfo, MissingState, PrepareError};

/// A bus does not start. The error lists all its problems.
pub struct StartError {
    problems: Vec<StartProblem>,
}

/// One problem of a bus.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartProblem {
    /// A handler takes a state that the bus does not have.
    #[error("handler {handler} takes `State<{0}>`: {missing}", missing.type_name())]
    MissingState {
        /// The handler.
        handler: &'static HandlerInfo,
        /// The state.
        #[source]
        missing: MissingState,
    },
    /// A parameter of a handler cannot be prepared.
    #[error("handler {handler} cannot be prepared: {cause}")]
    Prepare {
        /// The handler.
        handler: &'static HandlerInfo,
        /// The reason.
        #[source]
        cause: HandlerError,
    },
    /// Handlers emit each other's events in a circle.
    #[error("{}", describe_circle(.edges))]
    Circle {
        /// Each handler of the circle with what it takes and emits, in order.
        edges: Vec<CircleEdge>,
    },
    /// A handler emits a `must_handle` event that nothing on the bus handles.
    #[error(
        "the event `{}` must be handled, handler {emitter} emits it, and nothing on this bus handles it: \
         write a `#[handler]` that takes `&{path}`; if there is one in another crate, link that with \
         `use the_crate as _;`; in a test, write `atoms::testing::handled!({path});`",
        event_type.name(),
        path = event_type.path()
    )]
    Unhandled {
        /// The event.
        event_type: &'static EventType,
        /// The handler that emits it.
        emitter: &'static HandlerInfo,
    },
    /// Several handlers on the bus answer one request.
    #[error(
        "the request `{}` has {} handlers, and needs exactly one: {}; remove all but one",
        request.name(),
        handlers.len(),
        handlers.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    )]
    SeveralHandlers {
        /// The request.
        request: &'static EventType,
        /// The handlers.
        handlers: Vec<&'static HandlerInfo>,
    },
    /// There is no handler to check, except for those of the framework itself. Only an explicit check reports this,
    /// such as `atoms::verify!`.
    #[error(
        "there is no handler to check: a test in `tests/` links the crate that it tests only if it names it, so \
         write `use the_crate as _;` there; a package that has only a binary cannot be named, so write \
         `atoms::verify!();` in a `#[cfg(test)]` module of the binary"
    )]
    NoHandlers,
    /// The handler of a request is `detached`, so nobody would wait for its reply.
    #[error(
        "handler {handler} answers the request `{}`, and is `detached`: nobody would wait for its reply; \
         remove `detached`",
        request.name()
    )]
    DetachedAnswer {
        /// The request.
        request: &'static EventType,
        /// The handler.
        handler: &'static HandlerInfo,
    },
    /// A handler takes an old version of an event, but frames are read as the newest version.
    #[error(
        "handler {handler} takes `{}`, which is version {} of `{}`, and frames of it arrive as `{}`, version \
         {}: take `&{}`",
        old.path(), old.version(), old.name(), newest.path(), newest.version(), newest.path()
    )]
    TakesOldVersion {
        /// The handler.
        handler: &'static HandlerInfo,
        /// What it takes.
        old: &'static EventType,
        /// What it should take.
        newest: &'static EventType,
    },
    /// A handler emits an old version of an event, which no handler takes.
    #[error(
        "handler {handler} emits `{}`, which is version {} of `{}`, and handlers take `{}`, version {}: emit \
         that one, as `{}::from(...)` makes it",
        old.path(), old.version(), old.name(), newest.path(), newest.version(), newest.path()
    )]
    EmitsOldVersion {
        /// The handler.
        handler: &'static HandlerInfo,
        /// What it emits.
        old: &'static EventType,
        /// What it should emit.
        newest: &'static EventType,
    },
    /// Two handlers have the same identity, or one of them had the identity of the other before.
    #[error("{}", describe_identity(id, first, second))]
    SameIdentity {
        /// The identity.
        id: &'static str,
        /// One of the handlers.
        first: &'static HandlerInfo,
        /// The other.
        second: &'static HandlerInfo,
    },
    /// Two entries have the same name, but their kind requires different names.
    #[error("{}", describe_same_name(*first, *second))]
    SameName {
        /// One of them.
        first: EntryInfo,
        /// The other.
        second: EntryInfo,
    },
    /// An entry does not pass the [check](crate::Entry::check) of its kind.
    #[error("{entry}: {cause}")]
    Entry {
        /// The entry.
        entry: EntryInfo,
        /// What is wrong with it: the kind's own error.
        #[source]
        cause: HandlerError,
    },
    /// A limit of the bus is zero, so that nothing can pass.
    #[error("`{setting}(0)` leaves no room for anything: give it 1 or more, or leave it out for the default")]
    NoRoom {
        /// The name of the setting.
        setting: &'static str,
    },
    /// The options that a program configures for a handler do not fit it.
    #[error("handler {handler} is configured wrongly: {problem}")]
    Options {
        /// The handler.
        handler: &'static HandlerInfo,
        /// What is wrong.
        problem: &'static str,
    },
    /// The program configures a handler that is not on the bus.
    #[error(
        "handler {handler} is configured, and is not on this bus: add it with `.handler::<...>()`, or leave its \
         `.configure::<...>(...)` out"
    )]
    NotOnBus {
        /// The handler.
        handler: &'static HandlerInfo,
    },
    /// A bus has two extensions of one type.
    #[error("the extension `{extension}` is added twice: a bus has one of each type, so remove one of them")]
    ExtensionTwice {
        /// The name of its type.
        extension: &'static str,
    },
    /// An extension of the bus does not start.
    #[error("the extension `{extension}` does not start: {cause}")]
    Extension {
        /// The name of its type.
        extension: &'static str,
        /// The reason.
        #[source]
        cause: HandlerError,
    },
    /// Two events have one type string, and one version.
    #[error("{}", describe_duplicate(first, second))]
    DuplicateType {
        /// One of them.
        first: &'static EventType,
        /// The other.
        second: &'static EventType,
    },
}

/// A handler in a circle: it takes one event, and emits another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CircleEdge {
    /// The event that the handler takes.
    pub takes: &'static EventType,
    /// The handler.
    pub handler: &'static HandlerInfo,
    /// The event that the handler emits.
    pub emits: &'static EventType,
}

fn describe_duplicate(first: &EventType, second: &EventType) -> String {
    let name = first.name();
    let version =
        if first.version() > 1 { format!(" and version {}", first.version()) } else { String::new() };
    if (first.path(), first.file(), first.line()) == (second.path(), second.file(), second.line()) {
        format!(
            "the event `{name}` is there twice, because its crate is linked twice: {first}; a unit test that \
             depends on its own crate in a roundabout way does that: move it to `tests/`"
        )
    } else {
        format!(
            "two events have the type string `{name}`{version}: {first}, and {second}; give one of them another"
        )
    }
}

fn describe_identity(id: &str, first: &HandlerInfo, second: &HandlerInfo) -> String {
    let shown = id.escape_debug();
    match (first.id() == id, second.id() == id) {
        (true, true) => format!(
            "two handlers have the identity `{shown}`: {first}, and {second}; give one of them another with \
             `#[handler(id = \"...\")]`"
        ),
        (true, false) => format!(
            "handler {second} says `was = \"{shown}\"`, which is the identity of handler {first}: remove it \
             from `was`"
        ),
        _ => format!(
            "handlers {first} and {second} both say `was = \"{shown}\"`: remove it from one of the two"
        ),
    }
}

pub(super) fn describe_circle(edges: &[CircleEdge]) -> String {
    let mut text = String::from("events go round in a circle:");
    for edge in edges {
        text += &format!("\n    `{}` -> {} -> `{}`", edge.takes.name(), edge.handler, edge.emits.name());
    }
    text + "\n  break the circle; or, if it ends by itself, write `#[handler(allow_cycle)]` on one of these handlers"
}

fn describe_same_name(first: EntryInfo, second: EntryInfo) -> String {
    if first.place() == second.place() {
        return format!(
            "{first} is there twice, because its crate is linked twice: a unit test that depends on its own crate in \
             a roundabout way does that: move it to `tests/`"
        );
    }
    format!("two entries of one kind have one name: {first}, and {second}; give one of them another")
}

impl StartProblem {
    /// Whether a state is missing, which only a bus that starts can have.
    pub(crate) fn is_missing_state(&self) -> bool {
        match self {
            Self::MissingState { .. } => true,
            Self::Entry { cause, .. } => {
                cause.is::<MissingState>()
                    || matches!(cause.downcast_ref(), Some(PrepareError::MissingState(_)))
            }
            _ => false,
        }
    }
}

impl StartError {
    pub(crate) fn of(problems: Vec<StartProblem>) -> Result<(), Self> {
        if problems.is_empty() { Ok(()) } else { Err(Self { problems }) }
    }

    /// Returns all problems. There is at least one.
    pub fn problems(&self) -> &[StartProblem] {
        &self.problems
    }
}

crate::text::debug_as_display!(StartError);

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the bus does not start:")?;
        self.problems.iter().try_for_each(|problem| write!(f, "\n- {problem}"))
    }
}

impl std::error::Error for StartError {
    /// The first problem.
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.problems.first().map(|problem| problem as _)
    }
}
