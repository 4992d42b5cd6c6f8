//! What is known of a hook.

use std::fmt;
use std::panic::Location;
use std::time::Duration;

use atoms_runtime::{Entry, HandlerError, HandlerInfo, PrepareError, StartCheck, StartContext};

use super::Hook;
use super::run::{BoundHook, HookFunction};
use crate::events::ToolInvoked;
use crate::pattern;
use crate::tool::ToolInfo;

/// When a hook runs, and whether the call waits for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    Before,
    After,
    BeforeDetached,
    AfterDetached,
    /// When a configuration says so that names it.
    Configured,
}

/// Makes a hook ready to run that runs another one.
pub(crate) trait BindHook: Send + Sync {
    fn bind(&self, start: &StartContext<'_>) -> Result<BoundHook, Vec<PrepareError>>;
}

/// What the registry knows of a hook.
pub struct HookInfo {
    place: &'static Location<'static>,
    handler: HandlerInfo,
    handler_fn: fn() -> &'static HandlerInfo,
    function: HookFunction,
    options: Options,
    /// What makes it ready to run in place of its function.
    bind_as: Option<&'static dyn BindHook>,
}

#[derive(Clone, Copy)]
struct Options {
    order: i32,
    timeout: Duration,
    tools: Option<&'static str>,
    sender: Option<&'static str>,
    func: Option<&'static str>,
}

/// How long a hook may take, if it does not say so.
const TIMEOUT: Duration = Duration::from_secs(30);

impl HookInfo {
    /// Describes the hook `H` with this function, which stands at `path`, in this place of the program's source.
    #[doc(hidden)]
    #[track_caller]
    pub const fn new<H: Hook>(path: &'static str, function: HookFunction) -> Self {
        let place = Location::caller();
        let (file, line) = (place.file(), place.line());
        Self {
            place,
            handler: HandlerInfo::method::<ToolInvoked, ()>(path, file, line, function.emits, true),
            handler_fn: || &H::info().handler,
            function,
            options: Options { order: 0, timeout: TIMEOUT, tools: None, sender: None, func: None },
            bind_as: None,
        }
    }

    /// Describes a hook of this name, which runs this one at one stage of the calls of one sender.
    pub(crate) fn run_by(
        &self,
        name: &'static str,
        sender: &'static str,
        stage: Stage,
        bind_as: &'static dyn BindHook,
    ) -> Self {
        let (file, line) = (self.place.file(), self.place.line());
        Self {
            place: self.place,
            handler: HandlerInfo::method::<ToolInvoked, ()>(name, file, line, self.function.emits, true),
            handler_fn: self.handler_fn,
            function: HookFunction { stage, ..self.function },
            options: Options { sender: Some(sender), ..self.options },
            bind_as: Some(bind_as),
        }
    }

    /// Sets its place among the hooks of a call.
    #[doc(hidden)]
    #[must_use]
    pub const fn order(mut self, order: i32) -> Self {
        self.options.order = order;
        self
    }

    /// Sets the limit of the time that it may take.
    #[doc(hidden)]
    #[must_use]
    pub const fn timeout(mut self, limit: Duration) -> Self {
        self.options.timeout = limit;
        self
    }

    /// Sets the pattern of the names of its tools.
    #[doc(hidden)]
    #[must_use]
    pub const fn tools(mut self, pattern: &'static str) -> Self {
        self.options.tools = Some(pattern);
        self
    }

    /// Sets the pattern of the names of its senders.
    #[doc(hidden)]
    #[must_use]
    pub const fn sender(mut self, pattern: &'static str) -> Self {
        self.options.sender = Some(pattern);
        self
    }

    /// Sets the name by which a configuration names it.
    #[doc(hidden)]
    #[must_use]
    pub const fn func(mut self, name: &'static str) -> Self {
        self.options.func = Some(name);
        self
    }

    /// Returns the path of the function: its module and its name.
    pub fn path(&self) -> &'static str {
        self.handler.path()
    }

    /// Returns its place among the hooks of a call. Hooks with lower numbers run first, and those with one number run in the
    /// order of their paths.
    pub fn place_in_order(&self) -> i32 {
        self.options.order
    }

    /// Returns how long it may take, if it is `async`.
    pub fn time_limit(&self) -> Duration {
        self.options.timeout
    }

    /// Returns the name by which a configuration names it, if it is such a hook.
    pub fn configured_as(&self) -> Option<&'static str> {
        self.options.func
    }

    pub(crate) fn stage(&self) -> Stage {
        self.function.stage
    }

    /// Whether it is about one tool, whose types it takes.
    pub(crate) fn is_typed(&self) -> bool {
        (self.function.tool)().is_some()
    }

    /// What its parameters are extracted for.
    pub(crate) fn handler_fn(&self) -> fn() -> &'static HandlerInfo {
        self.handler_fn
    }

    /// Whether it takes anything from the delivery.
    pub(crate) fn has_parameters(&self) -> bool {
        (self.function.has_parameters)()
    }

    pub(crate) fn bind(&self, start: &StartContext<'_>) -> Result<BoundHook, Vec<PrepareError>> {
        match self.bind_as {
            Some(bind) => bind.bind(start),
            None => (self.function.bind)(start),
        }
    }

    /// Returns whether it is about this tool.
    pub fn is_about(&self, tool: &ToolInfo) -> bool {
        match (self.function.tool)() {
            Some(own) => std::ptr::eq(own, tool),
            None => self.options.tools.is_none_or(|pattern| pattern::matches(pattern, tool.name())),
        }
    }

    /// Returns whether it is about the calls of this sender.
    pub(crate) fn is_for(&self, sender: Option<&str>) -> bool {
        match self.options.sender {
            None => true,
            Some(pattern) => sender.is_some_and(|sender| pattern::matches(pattern, sender)),
        }
    }

    /// Why it will never run, if it is about no tool of the bus.
    fn is_about_none(&self, start: &StartCheck<'_>) -> Option<String> {
        let mut tools = start.registry().entries::<ToolInfo>();
        if tools.any(|tool| self.is_about(tool)) {
            return None;
        }
        Some(match ((self.function.tool)(), self.options.tools) {
            (Some(tool), _) => {
                format!(
                    "it is about the tool `{tool}`, which this bus does not have: add `.tool::<{tool}>()`"
                )
            }
            (None, Some(pattern)) => {
                let names = start.registry().entries::<ToolInfo>().map(ToolInfo::name);
                let nearest = pattern::nearest(pattern, names);
                let hint = nearest.map_or_else(
                    || "write the name of a tool, or a pattern such as `shop_*`".into(),
                    |nearest| format!("did you mean `{nearest}`?"),
                );
                format!("`tools = \"{pattern}\"` matches no tool of this bus: {hint}")
            }
            // A bus without tools has no tool that it could miss.
            (None, None) => return None,
        })
    }
}

impl HookInfo {
    fn is_named_twice(&self, start: &StartCheck<'_>) -> Option<String> {
        let func = self.configured_as()?;
        let mut others = start.registry().entries::<Self>().filter(|other| !std::ptr::eq(*other, self));
        let other = others.find(|other| other.configured_as() == Some(func))?;
        Some(format!("it has `func = \"{func}\"`, and so has `{other}`: give one of them another"))
    }
}

impl Entry for HookInfo {
    const KIND: &'static str = "hook";

    fn name(&self) -> &str {
        self.path()
    }

    fn place(&self) -> &'static Location<'static> {
        self.place
    }

    fn check(&self, start: &StartCheck<'_>) -> Vec<HandlerError> {
        let unprepared = self.bind(start.context()).err().unwrap_or_default();
        let mut problems: Vec<HandlerError> = unprepared.into_iter().map(Into::into).collect();
        problems.extend(self.is_about_none(start).map(HandlerError::from));
        problems.extend(self.is_named_twice(start).map(HandlerError::from));
        problems
    }
}

impl fmt::Debug for HookInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HookInfo")
            .field("path", &self.path())
            .field("stage", &self.function.stage)
            .finish_non_exhaustive()
    }
}

/// Its path.
impl fmt::Display for HookInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.path())
    }
}
