//! The registry: what this program linked.

pub(crate) mod checks;
mod entry;
mod error;
mod versions;
mod warning;

use std::fmt;
use std::sync::LazyLock;

use foldhash::HashMap;

pub(crate) use entry::is_of_framework;
pub use entry::{Entry, EntryInfo, StartCheck};
pub use error::{CircleEdge, StartError, StartProblem};
pub use warning::StartWarning;

use crate::event::{Event, EventType};
use crate::handler::HandlerInfo;

/// What the macros submit.
#[doc(hidden)]
#[derive(Debug)]
pub enum Linked {
    Event(fn() -> &'static EventType),
    Handler(fn() -> &'static HandlerInfo),
    Entry(EntryInfo),
    /// An event that this test program needs no handler of.
    Excused(fn() -> &'static EventType),
}

inventory::collect!(Linked);

/// The type of the event `E`. What names this function in the registry has no call that rustc would have to evaluate, and
/// is told once of an `E` that is no event.
pub fn event_type<E: Event>() -> &'static EventType {
    E::event_type()
}

/// Events by their type strings, handlers in the order in which they run, and [entries](Entry) of other kinds.
///
/// ```
/// use atoms::{Registry, event};
///
/// #[event(type = "shop.order.created")]
/// struct OrderCreated;
///
/// println!("{}", Registry::linked());
/// assert!(Registry::linked().event("shop.order.created").is_some());
/// ```
#[derive(Default)]
pub struct Registry {
    events: Vec<&'static EventType>,
    handlers: Vec<&'static HandlerInfo>,
    entries: Vec<EntryInfo>,
    by_name: HashMap<&'static str, &'static EventType>,
}

impl Registry {
    /// Returns the registry of the program: every `#[event]`, every `#[handler]`, and every [`entry!`](crate::entry)
    /// that is linked into it.
    ///
    /// A crate that no code names is not linked; `atoms::link!` names one.
    pub fn linked() -> &'static Self {
        static LINKED: LazyLock<Registry> = LazyLock::new(|| {
            let (mut events, mut handlers, mut entries) = (Vec::new(), Vec::new(), Vec::new());
            for linked in inventory::iter::<Linked>() {
                match linked {
                    Linked::Event(event_type) => events.push(event_type()),
                    Linked::Handler(info) => handlers.push(info()),
                    Linked::Entry(entry) => entries.push(*entry),
                    Linked::Excused(_) => {}
                }
            }
            Registry::new(events, handlers, entries)
        });
        &LINKED
    }

    /// A registry of these, and of the events that the handlers take and emit.
    pub(crate) fn new(
        mut events: Vec<&'static EventType>,
        mut handlers: Vec<&'static HandlerInfo>,
        mut entries: Vec<EntryInfo>,
    ) -> Self {
        handlers.sort_by_key(|info| (info.order(), info.path(), info.line(), std::ptr::from_ref(*info)));
        handlers.dedup();
        for handler in &handlers {
            events.extend(handler.event_types());
            events.extend(handler.emits());
        }
        events.sort_by_key(|event_type| {
            (event_type.name(), event_type.version(), event_type.path(), std::ptr::from_ref(*event_type))
        });
        events.dedup();
        entries.sort_by_key(|entry| entry.sort_key());
        entries.dedup();
        // Of several versions of one type, the newest comes last and stays.
        let by_name = events.iter().map(|event_type| (event_type.name(), *event_type)).collect();
        Self { events, handlers, entries, by_name }
    }

    /// Returns the events, sorted by their type strings and versions.
    pub fn events(&self) -> &[&'static EventType] {
        &self.events
    }

    /// Returns the handlers, sorted by their order and path.
    pub fn handlers(&self) -> &[&'static HandlerInfo] {
        &self.handlers
    }

    /// Returns the entries of this kind, sorted by their names.
    pub fn entries<T: Entry>(&self) -> impl Iterator<Item = &'static T> {
        self.entries.iter().filter_map(|entry| entry.downcast())
    }

    /// Returns the entries of all kinds, sorted by kind and name.
    pub fn all_entries(&self) -> &[EntryInfo] {
        &self.entries
    }

    /// Returns the handler with this identity ([`HandlerInfo::id`]), or the one that had it before
    /// ([`HandlerInfo::was`]).
    ///
    /// Also returns `None` if two handlers share it: functions inside of other functions may have the same path.
    pub fn handler(&self, id: &str) -> Option<&'static HandlerInfo> {
        let mut present = self.handlers.iter().copied().filter(|info| info.id() == id);
        match (present.next(), present.next()) {
            (Some(only), None) => Some(only),
            (Some(_), Some(_)) => None,
            (None, _) => self.handlers.iter().copied().find(|info| info.was().contains(&id)),
        }
    }

    /// Returns the event of this type string, in its newest version.
    pub fn event(&self, name: &str) -> Option<&'static EventType> {
        self.by_name.get(name).copied()
    }

    /// Returns the handlers of this event, without the handlers of every event.
    pub fn handlers_of(&self, event_type: &EventType) -> impl Iterator<Item = &'static HandlerInfo> {
        let handlers = self.handlers.iter().copied();
        handlers.filter(move |info| info.takes(event_type.name()) && info.counts_for(Some(event_type)))
    }

    /// Whether any of the events has a field whose values no message may show.
    pub(crate) fn has_sensitive_fields(&self) -> bool {
        self.events.iter().any(|event_type| !event_type.sensitive().is_empty())
    }

    /// Returns whether the event declares `must_handle` and has no handler here, without
    /// [`handled!`](crate::testing::handled) saying that it needs none.
    pub fn lacks_handler(&self, event_type: &EventType) -> bool {
        let is_excused = || {
            inventory::iter::<Linked>()
                .any(|linked| matches!(linked, Linked::Excused(excused) if excused() == event_type))
        };
        event_type.must_handle() && self.handlers_of(event_type).next().is_none() && !is_excused()
    }

    /// The newest version of this event, if that is a later one.
    pub(crate) fn newer(&self, event_type: &EventType) -> Option<&'static EventType> {
        self.event(event_type.name()).filter(|newest| newest.version() > event_type.version())
    }

    pub(crate) fn log(&self) {
        let (events, handlers, entries) = (self.events.len(), self.handlers.len(), self.entries.len());
        tracing::info!(events, handlers, entries, "the bus starts");
        for handler in &self.handlers {
            tracing::debug!(event_types = handler.input(), %handler, "handles");
        }
        for entry in &self.entries {
            tracing::debug!(%entry, "has");
        }
        for request in checks::unanswered(self) {
            tracing::debug!(%request, "has no handler, and fails if it is asked");
        }
        for edges in checks::alert_circles(self) {
            tracing::warn!("if this fails, it leads to itself: {}", error::describe_circle(&edges));
        }
    }
}

/// A line for each event, with a line for each of its handlers, and a line for each entry.
impl fmt::Display for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for event_type in &self.events {
            if let Some(newest) = self.newer(event_type) {
                writeln!(f, "{event_type}, which becomes version {}", newest.version())?;
                continue;
            }
            let request = if event_type.is_request() { "request " } else { "" };
            writeln!(f, "{request}{event_type}")?;
            self.handlers_of(event_type).try_for_each(|handler| writeln!(f, "  <- {handler}"))?;
        }
        let of_all = self.handlers.iter().filter(|info| info.takes_every_event() && info.pattern().is_none());
        let mut of_all = of_all.peekable();
        if of_all.peek().is_some() {
            writeln!(f, "every event")?;
        }
        of_all.try_for_each(|handler| writeln!(f, "  <- {handler}"))?;
        self.entries.iter().try_for_each(|entry| writeln!(f, "{entry}"))
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry")
            .field("events", &self.events)
            .field("handlers", &self.handlers)
            .field("entries", &self.entries)
            .finish_non_exhaustive()
    }
}
