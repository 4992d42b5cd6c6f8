//! The registry: what this program linked.

pub(crate) mod checks;
mod error;
mod versions;

use std::collections::HashMap;
use std::fmt;
use std::sync::LazyLock;

pub use error::{CircleEdge, StartError, StartProblem};

use crate::event::EventType;
use crate::handler::HandlerInfo;

/// An event, as `#[event]` submits it.
#[doc(hidden)]
#[derive(Debug)]
pub struct EventEntry(pub fn() -> &'static EventType);

/// A handler, as `#[handler]` submits it.
#[doc(hidden)]
#[derive(Debug)]
pub struct HandlerEntry(pub fn() -> &'static HandlerInfo);

inventory::collect!(EventEntry);
inventory::collect!(HandlerEntry);

/// Events by their type strings, and handlers in the order in which they run.
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
    by_name: HashMap<&'static str, &'static EventType, foldhash::fast::RandomState>,
}

impl Registry {
    /// What this program linked: every `#[event]` and every `#[handler]`.
    ///
    /// A crate that no code names is not linked; `atoms::link!` names one.
    pub fn linked() -> &'static Self {
        static LINKED: LazyLock<Registry> = LazyLock::new(|| {
            let events = inventory::iter::<EventEntry>().map(|entry| (entry.0)());
            let handlers = inventory::iter::<HandlerEntry>().map(|entry| (entry.0)());
            Registry::new(events.collect(), handlers.collect())
        });
        &LINKED
    }

    /// A registry of these, and of the events that the handlers take and emit.
    pub(crate) fn new(mut events: Vec<&'static EventType>, mut handlers: Vec<&'static HandlerInfo>) -> Self {
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
        // Of several versions of one type, the newest comes last and stays.
        let by_name = events.iter().map(|event_type| (event_type.name(), *event_type)).collect();
        Self { events, handlers, by_name }
    }

    /// The events, sorted by their type strings and versions.
    pub fn events(&self) -> &[&'static EventType] {
        &self.events
    }

    /// The handlers, sorted by their order and path.
    pub fn handlers(&self) -> &[&'static HandlerInfo] {
        &self.handlers
    }

    /// The handler with this identity ([`HandlerInfo::id`]), or the one that had it before ([`HandlerInfo::was`]).
    ///
    /// `None` as well if two handlers share it, as those in the bodies of functions may that have one path.
    pub fn handler(&self, id: &str) -> Option<&'static HandlerInfo> {
        let mut present = self.handlers.iter().copied().filter(|info| info.id() == id);
        match (present.next(), present.next()) {
            (Some(only), None) => Some(only),
            (Some(_), Some(_)) => None,
            (None, _) => self.handlers.iter().copied().find(|info| info.was().contains(&id)),
        }
    }

    /// The event of this type string, in its newest version.
    pub fn event(&self, name: &str) -> Option<&'static EventType> {
        self.by_name.get(name).copied()
    }

    /// The handlers of this event, without those for whom it is merely one of all.
    pub fn handlers_of(&self, event_type: &EventType) -> impl Iterator<Item = &'static HandlerInfo> {
        let handlers = self.handlers.iter().copied();
        handlers.filter(move |info| info.takes(event_type.name()) && info.counts_for(Some(event_type)))
    }

    /// Whether any of the events has a field whose values no message may show.
    pub(crate) fn has_sensitive_fields(&self) -> bool {
        self.events.iter().any(|event_type| !event_type.sensitive().is_empty())
    }

    /// The newest version of this event, if that is a later one.
    pub(crate) fn newer(&self, event_type: &EventType) -> Option<&'static EventType> {
        self.event(event_type.name()).filter(|newest| newest.version() > event_type.version())
    }

    pub(crate) fn log(&self) {
        tracing::info!(events = self.events.len(), handlers = self.handlers.len(), "the bus starts");
        for handler in &self.handlers {
            tracing::debug!(event_types = handler.input(), %handler, "handles");
        }
        for edges in checks::alert_circles(self) {
            tracing::warn!("if this fails, it leads to itself: {}", error::describe_circle(&edges));
        }
    }
}

/// A line for each event, with a line for each of its handlers.
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
        of_all.try_for_each(|handler| writeln!(f, "  <- {handler}"))
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry")
            .field("events", &self.events)
            .field("handlers", &self.handlers)
            .finish_non_exhaustive()
    }
}
