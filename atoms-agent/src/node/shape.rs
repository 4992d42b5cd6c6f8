//! The description of a node, which is known at compile time.

use std::any::Any;
use std::fmt;
use std::panic::Location;

use atoms_runtime::{Event, EventTypes, Input, Params, StartContext};

use super::Node;
use super::factory::FactoryMethod;
use super::method::Method;
use crate::events::{AgentError, LlmRequest, ResponseChunk, ResponseEnd, ResponseStart, Severity};
use crate::node::respond::Respond;

/// The description of a node, which is known at compile time: which events it takes, emits, and does not pass on.
///
/// The registry has one for each linked `#[node]`. A bus that starts lists them, and checks that none of them takes an
/// old version of an event ([`NodeProblem`](crate::NodeProblem)).
///
/// ```
/// use atoms::Bus;
/// use atoms::agent::events::UserJoined;
/// use atoms::agent::{NodeShape, node};
///
/// #[derive(Default)]
/// struct Greeter;
///
/// #[node]
/// impl Greeter {
///     #[handler]
///     fn greet(&mut self, _: &UserJoined) {}
/// }
///
/// let bus = Bus::start()?;
/// assert!(bus.registry().entries::<NodeShape>().any(|node| node.name() == "Greeter"));
///
/// let bus = Bus::builder().without_discovery().entry(NodeShape::of::<Greeter>()).start()?;
/// assert_eq!(bus.registry().entries::<NodeShape>().count(), 1);
/// # Ok::<(), atoms::StartError>(())
/// ```
#[derive(Clone, Copy)]
pub struct NodeShape {
    pub(crate) name: &'static str,
    pub(crate) path: &'static str,
    pub(crate) place: &'static Location<'static>,
    pub(crate) kind: Kind,
    pub(crate) severity: Severity,
    /// The output nodes of one group speak one at a time.
    pub(crate) group: &'static str,
    /// Whether its client may read the texts of its errors.
    pub(crate) exposes_errors: bool,
    /// Whether it goes on after its `#[started]` has failed.
    pub(crate) start_may_fail: bool,
    pub(crate) methods: &'static [MethodShape],
    /// The binding of the node, with which it is made ready to run. Only the instance knows its type.
    pub(crate) binding: Binding,
}

/// See [`NodeShape::binding`].
pub(crate) type Binding = &'static dyn Binds;

/// Makes a node ready to run on a bus.
#[doc(hidden)]
pub trait Binds: Any + Send + Sync {
    /// Takes the states that the node needs.
    fn take_states(&self, start: &StartContext<'_>);
}

/// That of a node with mistakes.
impl Binds for () {
    fn take_states(&self, _: &StartContext<'_>) {}
}

/// What a node does with the events that come to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[doc(hidden)]
pub enum Kind {
    /// It passes on what it does not consume.
    Plain,
    /// It gives responses as well.
    Output,
    /// It observes, and passes nothing on.
    Background,
}

/// What is known of a method of a node.
#[doc(hidden)]
#[derive(Clone, Copy)]
pub struct MethodShape {
    pub(crate) name: &'static str,
    pub(crate) takes: EventTypes,
    pub(crate) takes_every_event: bool,
    pub(crate) consumes: bool,
    pub(crate) returns: EventTypes,
    pub(crate) emits: EventTypes,
    /// Whether it is a `#[handler]` or a `#[respond]`.
    pub(crate) handles_events: bool,
    /// Whether it is a `#[respond]`.
    pub(crate) responds: bool,
}

/// What a response is made of.
const RESPONSE: EventTypes = EventTypes::all(&[
    &EventTypes::of::<ResponseStart>(),
    &EventTypes::of::<ResponseChunk>(),
    &EventTypes::of::<ResponseEnd>(),
    &EventTypes::of::<AgentError>(),
]);

impl NodeShape {
    /// Returns the name of the method at this place among those that take events.
    pub(crate) fn handler(&self, place: usize) -> Option<&'static str> {
        self.method(place).map(|method| method.name)
    }

    /// Whether the method at this place among those that take events is a `#[respond]`.
    pub(crate) fn responds(&self, place: usize) -> bool {
        self.kind == Kind::Output && self.method(place).is_some_and(|method| method.responds)
    }

    fn method(&self, place: usize) -> Option<&'static MethodShape> {
        self.methods.iter().filter(|method| method.handles_events).nth(place)
    }

    /// Whether one of its responses is to another event than a request.
    pub(crate) fn answers_others(&self) -> bool {
        let is_request = |takes: &EventTypes| takes.to_vec() == [LlmRequest::event_type()];
        self.methods.iter().any(|method| method.responds && !is_request(&method.takes))
    }

    /// The description of a node with mistakes.
    #[doc(hidden)]
    pub const NOT_COMPILED: Self = Self::new("", "", Kind::Plain, Severity::Warning, &[], &());

    /// Describes a node of this name, which stands at `path`, and runs by what `binding` says.
    #[doc(hidden)]
    #[track_caller]
    pub const fn new(
        name: &'static str,
        path: &'static str,
        kind: Kind,
        severity: Severity,
        methods: &'static [MethodShape],
        binding: Binding,
    ) -> Self {
        Self {
            name,
            path,
            place: Location::caller(),
            kind,
            severity,
            group: "",
            exposes_errors: false,
            start_may_fail: false,
            methods,
            binding,
        }
    }

    /// Returns the same node, whose client may read the texts of its errors.
    #[doc(hidden)]
    pub const fn exposing_errors(self) -> Self {
        Self { exposes_errors: true, ..self }
    }

    /// Returns the same node, which speaks while those of other groups do.
    #[doc(hidden)]
    pub const fn in_group(self, group: &'static str) -> Self {
        Self { group, ..self }
    }

    /// Returns the same node, which goes on after its `#[started]` has failed.
    #[doc(hidden)]
    pub const fn starting_or_not(self) -> Self {
        Self { start_may_fail: true, ..self }
    }

    /// Returns the description of the node `N`.
    pub const fn of<N: Node>() -> &'static Self {
        N::SHAPE
    }

    /// Returns the name of its type.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Returns the path of its type.
    pub const fn path(&self) -> &'static str {
        self.path
    }
}

impl fmt::Debug for NodeShape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NodeShape")
            .field("path", &self.path)
            .field("kind", &self.kind)
            .field("methods", &self.methods)
            .finish_non_exhaustive()
    }
}

impl MethodShape {
    /// Describes a `#[handler]`.
    pub const fn handler<N, M: Method<N>>(name: &'static str) -> Self {
        Self {
            name,
            takes: <M::Input as Input>::EVENTS,
            takes_every_event: <M::Input as Input>::EVERY_EVENT,
            consumes: M::CONSUMES,
            returns: M::RETURNED.emits,
            emits: <M::Params as Params>::EMITS,
            handles_events: true,
            responds: false,
        }
    }

    /// Describes a `#[started]` or a `#[stopped]`, which no event is for.
    pub const fn hook<N, M: Method<N>>(name: &'static str) -> Self {
        Self { takes: EventTypes::NONE, handles_events: false, ..Self::handler::<N, M>(name) }
    }

    /// Describes a `#[factory]`.
    pub const fn factory<N, F: FactoryMethod<N>>(name: &'static str) -> Self {
        Self {
            name,
            takes: EventTypes::NONE,
            takes_every_event: false,
            consumes: false,
            returns: EventTypes::NONE,
            emits: <F::Params as Params>::EMITS,
            handles_events: false,
            responds: false,
        }
    }

    /// Describes a `#[respond]`.
    pub const fn respond<N, R: Respond<N>>(name: &'static str) -> Self {
        Self {
            name,
            takes: <R::Input as Input>::EVENTS,
            takes_every_event: <R::Input as Input>::EVERY_EVENT,
            consumes: R::CONSUMES,
            returns: RESPONSE,
            emits: <R::Params as Params>::EMITS,
            handles_events: true,
            responds: true,
        }
    }
}

impl fmt::Debug for MethodShape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MethodShape")
            .field("name", &self.name)
            .field("takes", &self.takes)
            .field("consumes", &self.consumes)
            .field("returns", &self.returns)
            .field("emits", &self.emits)
            .finish_non_exhaustive()
    }
}
