//! Kinds of entries that other crates add to the registry.

use std::any::{Any, type_name};
use std::fmt;
use std::panic::Location;

use super::Registry;
use crate::event::CarriedType;
use crate::handler::{HandlerError, StartContext};

/// A kind of entries of the registry beside events and handlers, such as the nodes of a graph, tools or jobs. The crate
/// that implements this trait for a type knows how to use them.
///
/// [`entry!`](crate::entry) puts one into the registry of the program, usually in what a macro of that crate expands
/// to. [`Registry::entries`] finds those of one kind, [`BusBuilder::entry`](crate::BusBuilder::entry) adds one to a bus
/// without discovery, and a bus that starts lists and [checks](Self::check) all that it has.
///
/// ```standalone_crate
/// use std::panic::Location;
///
/// use atoms::{Bus, Entry, HandlerError, StartCheck};
///
/// /// Something to do again and again.
/// struct Job {
///     name: &'static str,
///     every_seconds: u64,
///     place: &'static Location<'static>,
/// }
///
/// impl Job {
///     #[track_caller]
///     const fn new(name: &'static str, every_seconds: u64) -> Self {
///         Self { name, every_seconds, place: Location::caller() }
///     }
/// }
///
/// impl Entry for Job {
///     const KIND: &'static str = "job";
///     const UNIQUE: bool = true;
///
///     fn name(&self) -> &str {
///         self.name
///     }
///
///     fn place(&self) -> &'static Location<'static> {
///         self.place
///     }
///
///     fn check(&self, _: &StartCheck<'_>) -> Vec<HandlerError> {
///         let mut problems = Vec::new();
///         if self.every_seconds == 0 {
///             problems.push("it would run all the time: give it 1 second or more".into());
///         }
///         problems
///     }
/// }
///
/// /// What the users of that crate write.
/// macro_rules! job {
///     ($name:literal every $seconds:literal seconds) => {
///         const _: () = {
///             static JOB: Job = Job::new($name, $seconds);
///             atoms::entry!(&JOB, unique: "jobs.", $name);
///         };
///     };
/// }
///
/// job!("report" every 3600 seconds);
///
/// # fn main() -> Result<(), atoms::StartError> {
/// let bus = Bus::start()?;
/// let jobs: Vec<_> = bus.registry().entries::<Job>().map(Entry::name).collect();
/// assert_eq!(jobs, ["report"]);
/// assert!(bus.registry().to_string().contains("job report ("));
///
/// static NONSTOP: Job = Job::new("nonstop", 0);
/// let error = Bus::builder().without_discovery().entry(&NONSTOP).start().unwrap_err();
/// assert!(error.to_string().contains("it would run all the time"));
/// # Ok(())
/// # }
/// ```
pub trait Entry: Send + Sync + 'static {
    /// The name of this kind in lists and messages, such as `tool`.
    const KIND: &'static str;

    /// Whether each entry of this kind must have a name of its own. A bus with two of one name does not start.
    const UNIQUE: bool = false;

    /// Returns the name of the entry, by which those of one kind are sorted.
    fn name(&self) -> &str;

    /// Returns its place in the program's source.
    fn place(&self) -> &'static Location<'static>;

    /// Returns the problems of the entry on a bus that starts, each with what to do: by default, none. The start error
    /// names the entry and its place.
    ///
    /// A [`MissingState`](crate::MissingState), or a [`PrepareError`](crate::PrepareError) of one, is a problem of a
    /// bus that starts, and not of `atoms::verify!()`, which has no states.
    fn check(&self, _start: &StartCheck<'_>) -> Vec<HandlerError> {
        Vec::new()
    }

    /// Takes each state that what the entry stands for takes later, as nodes do when a session starts: by default, none. A bus
    /// that starts [warns](crate::StartWarning) of states that nothing takes, and asks all entries of the program first, also
    /// those that it does not have. States that [`check`](Self::check) takes need not be taken again.
    fn take_states(&self, _start: &StartContext<'_>) {}

    /// Returns the types of the values with which the entry lets events [carry](crate::Carried) something: by default,
    /// none. A bus with the entry restores them, as with [`BusBuilder::carries`](crate::BusBuilder::carries).
    fn carries(&self) -> Vec<CarriedType> {
        Vec::new()
    }
}

/// A bus that starts, as the [checks](Entry::check) of its entries see it.
#[derive(Debug)]
pub struct StartCheck<'a> {
    registry: &'a Registry,
    context: StartContext<'a>,
    has_store: bool,
}

impl<'a> StartCheck<'a> {
    pub(crate) fn new(registry: &'a Registry, context: StartContext<'a>, has_store: bool) -> Self {
        Self { registry, context, has_store }
    }

    /// Returns the registry of the bus: events, handlers, and entries of all kinds.
    pub fn registry(&self) -> &'a Registry {
        self.registry
    }

    /// Returns the context with which parameters are [prepared](crate::Params::prepare): the states of the bus.
    pub fn context(&self) -> &StartContext<'a> {
        &self.context
    }

    /// Returns whether the bus keeps posted events or dead letters outside of its memory. Then a later process has to
    /// find the handlers again that they name.
    pub fn has_store(&self) -> bool {
        self.has_store
    }
}

/// An [`Entry`] of any kind, as the registry knows it.
#[derive(Clone, Copy)]
pub struct EntryInfo(&'static dyn AnyEntry);

impl EntryInfo {
    /// Describes this entry.
    pub const fn of<T: Entry>(entry: &'static T) -> Self {
        Self(entry)
    }

    /// Returns the name of its kind: [`Entry::KIND`].
    pub fn kind(self) -> &'static str {
        self.0.kind()
    }

    /// Returns its name.
    pub fn name(self) -> &'static str {
        self.0.name()
    }

    /// Returns its place in the program's source.
    pub fn place(self) -> &'static Location<'static> {
        self.0.place()
    }

    /// Returns the entry, if it is of this kind.
    pub fn downcast<T: Entry>(self) -> Option<&'static T> {
        self.any().downcast_ref()
    }

    fn any(self) -> &'static dyn Any {
        self.0
    }

    /// By which a registry is sorted: entries that [collide](Self::collides_with) then lie beside each other.
    pub(super) fn sort_key(self) -> impl Ord {
        let place = self.place();
        (self.kind(), self.0.type_name(), self.name(), place.file(), place.line(), place.column())
    }

    /// Whether the two must not be on one bus.
    pub(super) fn collides_with(self, other: Self) -> bool {
        self.0.is_unique() && self.any().type_id() == other.any().type_id() && self.name() == other.name()
    }

    pub(super) fn check(self, start: &StartCheck<'_>) -> Vec<HandlerError> {
        self.0.check(start)
    }

    pub(super) fn take_states(self, start: &StartContext<'_>) {
        self.0.take_states(start);
    }

    pub(crate) fn carries(self) -> Vec<CarriedType> {
        self.0.carries()
    }
}

/// As it is shown: its kind, its name and its place.
impl fmt::Debug for EntryInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// `tool refund (src/lib.rs:12)`
impl fmt::Display for EntryInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = self.place();
        write!(f, "{} {} ({}:{})", self.kind(), self.name(), place.file(), place.line())
    }
}

impl PartialEq for EntryInfo {
    /// Two are equal if they describe the same entry.
    fn eq(&self, other: &Self) -> bool {
        std::ptr::addr_eq(self.0, other.0) && self.any().type_id() == other.any().type_id()
    }
}

impl Eq for EntryInfo {}

/// An [`Entry`] of any kind.
trait AnyEntry: Any + Send + Sync {
    fn kind(&self) -> &'static str;
    fn type_name(&self) -> &'static str;
    fn is_unique(&self) -> bool;
    fn name(&self) -> &str;
    fn place(&self) -> &'static Location<'static>;
    fn check(&self, start: &StartCheck<'_>) -> Vec<HandlerError>;
    fn take_states(&self, start: &StartContext<'_>);
    fn carries(&self) -> Vec<CarriedType>;
}

impl<T: Entry> AnyEntry for T {
    fn kind(&self) -> &'static str {
        T::KIND
    }

    fn type_name(&self) -> &'static str {
        type_name::<T>()
    }

    fn is_unique(&self) -> bool {
        T::UNIQUE
    }

    fn name(&self) -> &str {
        Entry::name(self)
    }

    fn place(&self) -> &'static Location<'static> {
        Entry::place(self)
    }

    fn check(&self, start: &StartCheck<'_>) -> Vec<HandlerError> {
        Entry::check(self, start)
    }

    fn take_states(&self, start: &StartContext<'_>) {
        Entry::take_states(self, start);
    }

    fn carries(&self) -> Vec<CarriedType> {
        Entry::carries(self)
    }
}

/// Whether a path is one in a crate of this framework.
pub(crate) fn is_of_framework(path: &str) -> bool {
    const CRATES: [&str; 7] = [
        "atoms",
        "atoms_agent",
        "atoms_control",
        "atoms_runtime",
        "atoms_server",
        "atoms_store",
        "atoms_tools",
    ];
    path.split("::").next().is_some_and(|krate| CRATES.contains(&krate))
}
