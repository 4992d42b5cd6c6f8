//! The types of bindings.

use std::fmt;
use std::panic::Location;

use atoms_runtime::{Entry, HandlerError, Shown, StartCheck};

use crate::call::{EventData, EventStage};

/// The root of all types.
pub(crate) const META: &str = "events.Meta";

/// The type that is always there.
pub(crate) const OURS: &str = "events.AIAgentType";

/// What a type of bindings does around the functions that they name.
///
/// `events.AIAgentType` is always there, and does nothing else than what is the default here. A program adds a type of its
/// own, or overrides that one, with a [`BindingTypeInfo`].
///
/// ```
/// use atoms::HandlerError;
/// use atoms::tools::{BindingType, BindingTypeInfo, EventData};
///
/// /// Tells the functions nothing of the arguments.
/// struct Discreet;
///
/// impl BindingType for Discreet {
///     fn given(&self, mut data: EventData) -> Result<EventData, HandlerError> {
///         data.args = "***".into();
///         Ok(data)
///     }
/// }
///
/// static DISCREET: BindingTypeInfo = BindingTypeInfo::new("events.Discreet", &Discreet);
/// atoms::entry!(&DISCREET); // without discovery: `Bus::builder().entry(&DISCREET)`
/// # fn main() {}
/// ```
pub trait BindingType: Send + Sync + 'static {
    /// Returns what the function is given in place of this: by default, this.
    ///
    /// An error is one of the function: it denies a call that was not made yet, and holds the result back of one that was.
    fn given(&self, data: EventData) -> Result<EventData, HandlerError> {
        Ok(data)
    }

    /// Returns what is made of what the function has returned: by default, that. An error is one of the function.
    fn returned(&self, data: EventData) -> Result<EventData, HandlerError> {
        Ok(data)
    }

    /// Returns what is noted at the node of an event that is fired by hand: by default, `Before calling searchTool`, or `After
    /// calling searchTool`.
    fn remark(&self, data: &EventData) -> String {
        let when = match data.stage() {
            EventStage::PreEvent => "Before",
            EventStage::PostEvent => "After",
        };
        format!("{when} calling {}", data.tool_name())
    }
}

/// `events.AIAgentType`.
pub(crate) struct AiAgentType;

impl BindingType for AiAgentType {}

/// What the registry knows of a [`BindingType`]: its name, which bindings have as their `type`. One that is called
/// `events.AIAgentType` takes the place of ours.
pub struct BindingTypeInfo {
    name: &'static str,
    pub(crate) kind: &'static dyn BindingType,
    place: &'static Location<'static>,
}

impl BindingTypeInfo {
    /// Describes a type of this name, which is in the namespace `events`.
    #[track_caller]
    pub const fn new(name: &'static str, kind: &'static dyn BindingType) -> Self {
        Self { name, kind, place: Location::caller() }
    }
}

impl Entry for BindingTypeInfo {
    const KIND: &'static str = "binding type";
    const UNIQUE: bool = true;

    fn name(&self) -> &str {
        self.name
    }

    fn place(&self) -> &'static Location<'static> {
        self.place
    }

    fn check(&self, _: &StartCheck<'_>) -> Vec<HandlerError> {
        let problem = match self.name {
            META => format!(
                "`{META}` is the root of all types, and cannot be replaced: give the type another name"
            ),
            name if is_element(name) => return Vec::new(),
            name => format!("`{}` is not the name of a type: write one such as `{OURS}`", Shown(name)),
        };
        vec![problem.into()]
    }
}

impl fmt::Debug for BindingTypeInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("BindingTypeInfo").field(&self.name).finish()
    }
}

/// Whether this is the full name of an element in the namespace of events, such as `events.agentToolEvent`.
pub(crate) fn is_element(name: &str) -> bool {
    let is_letter = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-');
    let is_segment = |segment: &str| !segment.is_empty() && segment.chars().all(is_letter);
    name.strip_prefix("events.").is_some_and(|rest| rest.split('.').all(is_segment))
}
