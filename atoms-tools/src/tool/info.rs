//! What is known of a tool.

use std::any::Any;
use std::fmt;
use std::panic::Location;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use atoms_control::{Principal, Schema};
use atoms_runtime::{
    CarriedType, Entry, EventTypes, HandlerError, HandlerInfo, PrepareError, Registry, StartCheck,
    StartContext,
};
use serde_json::Value;

use super::{Function, Tool};
use crate::caller::Sender;
use crate::events::ToolInvoked;
use crate::schema::{Argument, ArgumentsSchema};

/// The binding of a tool, with which a bus makes it ready to be called. Only the toolbox knows its type.
pub(crate) type Binding = &'static (dyn Any + Send + Sync);

/// What the registry knows of a tool.
///
/// ```
/// use atoms::prelude::*;
///
/// /// Looks an order up.
/// #[tool(read_only)]
/// fn lookup_order(
///     /// As on the invoice.
///     order_id: String,
/// ) -> String {
///     format!("{order_id} is packed")
/// }
///
/// let info = <lookup_order as Tool>::info();
/// assert_eq!((info.name(), info.description()), ("lookup_order", "Looks an order up."));
/// assert_eq!(info.schema()["properties"]["order_id"]["description"], "As on the invoice.");
/// assert!(info.is_read_only());
/// ```
pub struct ToolInfo {
    name: &'static str,
    description: &'static str,
    arguments: fn() -> &'static [Argument],
    place: &'static Location<'static>,
    options: Options,
    handler: HandlerInfo,
    emits: EventTypes,
    prepare: fn(&StartContext<'_>) -> Vec<PrepareError>,
    binding: Binding,
    schema: OnceLock<Result<ArgumentsSchema, String>>,
    editable: OnceLock<Option<Schema>>,
    /// The place in the tables of a bus, plus one; zero until it is first asked for.
    index: AtomicUsize,
}

#[derive(Clone, Copy)]
struct Options {
    approve: Option<&'static str>,
    timeout: Option<Duration>,
    concurrency: Option<usize>,
    read_only: bool,
    idempotent: bool,
}

static INDICES: AtomicUsize = AtomicUsize::new(0);

impl ToolInfo {
    /// Describes the tool `T`, whose function `F` calls, and which stands at `path`, in this place of the program's source.
    #[doc(hidden)]
    #[track_caller]
    pub const fn new<T: Tool, F: Function<T>>(
        path: &'static str,
        name: &'static str,
        description: &'static str,
        arguments: fn() -> &'static [Argument],
        binding: Binding,
    ) -> Self {
        let place = Location::caller();
        let emits = F::EMITS;
        Self {
            name,
            description,
            arguments,
            place,
            options: Options {
                approve: None,
                timeout: None,
                concurrency: None,
                read_only: false,
                idempotent: false,
            },
            handler: HandlerInfo::method::<ToolInvoked, ()>(path, place.file(), place.line(), emits, true),
            emits,
            prepare: |start| F::bind(start).err().unwrap_or_default(),
            binding,
            schema: OnceLock::new(),
            editable: OnceLock::new(),
            index: AtomicUsize::new(0),
        }
    }

    /// Sets the role of those who have to approve each call.
    #[doc(hidden)]
    #[must_use]
    pub const fn approve(mut self, role: &'static str) -> Self {
        self.options.approve = Some(role);
        self
    }

    /// Sets the limit of the time that the function may take.
    #[doc(hidden)]
    #[must_use]
    pub const fn timeout(mut self, limit: Duration) -> Self {
        self.options.timeout = Some(limit);
        self
    }

    /// Sets the limit of the calls that run at once.
    #[doc(hidden)]
    #[must_use]
    pub const fn concurrency(mut self, calls: usize) -> Self {
        self.options.concurrency = Some(calls);
        self
    }

    /// Declares that the tool changes nothing.
    #[doc(hidden)]
    #[must_use]
    pub const fn read_only(mut self) -> Self {
        self.options.read_only = true;
        self
    }

    /// Declares that a second call with the same arguments changes nothing more.
    #[doc(hidden)]
    #[must_use]
    pub const fn idempotent(mut self) -> Self {
        self.options.idempotent = true;
        self
    }

    /// Returns the name, by which models call it.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Returns the description, which is the doc comment of the function.
    pub fn description(&self) -> &'static str {
        self.description
    }

    /// Returns the arguments.
    pub fn arguments(&self) -> &'static [Argument] {
        (self.arguments)()
    }

    /// Returns the path of the function: its module and its name.
    pub fn path(&self) -> &'static str {
        self.handler.path()
    }

    /// Returns the role of those who have to approve each call.
    pub fn approve_role(&self) -> Option<&'static str> {
        self.options.approve
    }

    /// Returns how long the function may take.
    pub fn time_limit(&self) -> Option<Duration> {
        self.options.timeout
    }

    /// Returns how many calls may run at once.
    pub fn most_at_once(&self) -> Option<usize> {
        self.options.concurrency
    }

    /// Returns whether it changes nothing.
    pub fn is_read_only(&self) -> bool {
        self.options.read_only
    }

    /// Returns whether a second call with the same arguments changes nothing more.
    pub fn is_idempotent(&self) -> bool {
        self.options.idempotent
    }

    /// Returns the JSON Schema of its arguments, of the draft 2020-12. It is `null` if the schema of one of them is invalid,
    /// which the start of a bus reports.
    pub fn schema(&self) -> &Value {
        self.arguments_schema().map_or(&Value::Null, ArgumentsSchema::as_json)
    }

    /// What its parameters are extracted for.
    pub(crate) fn handler(&self) -> &HandlerInfo {
        &self.handler
    }

    pub(crate) fn binding(&self) -> Binding {
        self.binding
    }

    /// The check of its arguments.
    pub(crate) fn arguments_schema(&self) -> Result<&ArgumentsSchema, &str> {
        self.schema.get_or_init(|| ArgumentsSchema::new(self.arguments())).as_ref().map_err(String::as_str)
    }

    /// The check of edited arguments, in which sensitive values may be masked.
    pub(crate) fn editable(&self) -> Option<&Schema> {
        let make = || Schema::new(self.arguments_schema().ok()?.with_masks()).ok();
        self.editable.get_or_init(make).as_ref()
    }

    /// A small number of this tool's own, the same for the whole run of the program.
    #[inline]
    pub(crate) fn index(&self) -> usize {
        match self.index.load(Ordering::Relaxed) {
            0 => self.assign_index(),
            assigned => assigned - 1,
        }
    }

    #[cold]
    fn assign_index(&self) -> usize {
        let new = INDICES.fetch_add(1, Ordering::Relaxed) + 1;
        match self.index.compare_exchange(0, new, Ordering::Relaxed, Ordering::Relaxed) {
            Ok(_) => new - 1,
            Err(assigned) => assigned - 1,
        }
    }
}

/// The `must_handle` events among these, which a function may emit, that nothing on the bus handles.
pub(crate) fn unhandled(emits: EventTypes, registry: &Registry) -> impl Iterator<Item = HandlerError> {
    let emitted = emits.to_vec().into_iter();
    emitted.filter(|event_type| registry.lacks_handler(event_type)).map(|event_type| {
        let (name, path) = (event_type.name(), event_type.path());
        format!(
            "it emits `{name}`, which must be handled, and nothing on this bus handles it: write a `#[handler]` \
             that takes `&{path}`; if there is one in another crate, link that with `use the_crate as _;`"
        )
        .into()
    })
}

impl Entry for ToolInfo {
    const KIND: &'static str = "tool";
    const UNIQUE: bool = true;

    fn name(&self) -> &str {
        self.name
    }

    fn place(&self) -> &'static Location<'static> {
        self.place
    }

    fn check(&self, start: &StartCheck<'_>) -> Vec<HandlerError> {
        let mut problems: Vec<HandlerError> =
            (self.prepare)(start.context()).into_iter().map(Into::into).collect();
        if let Err(problem) = self.arguments_schema() {
            problems.push(format!("the schema of its arguments is invalid: {problem}").into());
        }
        problems.extend(unhandled(self.emits, start.registry()));
        problems
    }

    /// What a call's event carries.
    fn carries(&self) -> Vec<CarriedType> {
        vec![CarriedType::of::<Sender>(), CarriedType::of::<Principal>()]
    }
}

impl fmt::Debug for ToolInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ToolInfo")
            .field("name", &self.name)
            .field("path", &self.path())
            .finish_non_exhaustive()
    }
}

/// Its name.
impl fmt::Display for ToolInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}
