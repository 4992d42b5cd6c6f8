//! A tool with its hooks, bound to what their parameters need on one bus.

use std::fmt;
use std::sync::Arc;

use atoms_runtime::{Bus, PrepareError, StartContext};
use tokio::sync::Semaphore;

use super::any_bound::AnyBound;
use crate::call::{Call, Done, ToolCall, ToolDone, Verdict};
use crate::hook::{HookInfo, RunHook, Stage};
use crate::tool::{Function, RunFunction, RunSync, Tool, ToolInfo};

/// Makes a tool ready to be called on a bus. The description of each tool has one.
pub struct Binding(Bind);

type Bind = fn(&StartContext<'_>, &[&'static HookInfo]) -> Result<Arc<dyn AnyBound>, String>;

impl Binding {
    /// The binding of the tool `T`, whose function `F` calls.
    pub const fn of<T: Tool, F: Function<T>>() -> Self {
        Self(|start, hooks| Ok(Arc::new(Bound::<T>::new::<F>(start, hooks)?)))
    }

    pub(super) fn of_tool(info: &ToolInfo) -> &'static Self {
        const NONE: Binding = Binding(|_, _| Err("it was not made by `#[tool]`".into()));
        info.binding().downcast_ref().unwrap_or(&NONE)
    }

    pub(super) fn bind(
        &self,
        bus: &Bus,
        info: &ToolInfo,
        hooks: &[&'static HookInfo],
    ) -> Result<Arc<dyn AnyBound>, String> {
        let own: Vec<_> = hooks.iter().copied().filter(|hook| hook.is_about(info)).collect();
        (self.0)(&bus.start_context(), &own)
    }
}

impl fmt::Debug for Binding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Binding")
    }
}

/// A hook that is bound for one tool.
pub(crate) struct Hooked<R> {
    pub(crate) info: &'static HookInfo,
    pub(crate) run: R,
}

/// A hook before calls of the tool `T`.
pub(crate) enum Before<T: Tool> {
    Typed(RunHook<Call<T>, Verdict<T>>),
    Any(RunHook<ToolCall, Verdict>),
    TypedDetached(RunHook<Call<T>, ()>),
    AnyDetached(RunHook<ToolCall, ()>),
}

/// A hook after calls of the tool `T`.
pub(crate) enum After<T: Tool> {
    Typed(RunHook<Done<T>, ()>),
    Any(RunHook<ToolDone, ()>),
    TypedDetached(RunHook<Done<T>, ()>),
    AnyDetached(RunHook<ToolDone, ()>),
}

/// A tool with its hooks.
pub(crate) struct Bound<T: Tool> {
    pub(crate) function: RunFunction<T>,
    pub(crate) before: Box<[Hooked<Before<T>>]>,
    pub(crate) after: Box<[Hooked<After<T>>]>,
    /// Whether the tool or a hook takes anything from the delivery.
    pub(crate) needs_event: bool,
    /// Whether the schema requires more than the types of the arguments.
    pub(crate) is_constrained: bool,
    /// Whether there is a hook of any tool.
    pub(crate) has_untyped_after: bool,
    /// Permits for the calls that may run at once.
    pub(crate) room: Option<Semaphore>,
}

impl<T: Tool> Bound<T> {
    fn new<F: Function<T>>(start: &StartContext<'_>, hooks: &[&'static HookInfo]) -> Result<Self, String> {
        let info = T::info();
        let function = F::bind(start).map_err(problems)?;
        let (mut before, mut after) = (Vec::new(), Vec::new());
        for hook in hooks.iter().copied() {
            match hook.stage() {
                Stage::Before | Stage::BeforeDetached => {
                    before.push(Hooked { info: hook, run: Before::bind(hook, start)? });
                }
                Stage::After | Stage::AfterDetached => {
                    after.push(Hooked { info: hook, run: After::bind(hook, start)? });
                }
                Stage::Configured => {}
            }
        }
        let takes_any = |hook: &Hooked<After<T>>| matches!(hook.run, After::Any(_) | After::AnyDetached(_));
        Ok(Self {
            needs_event: F::has_parameters() || hooks.iter().any(|hook| hook.has_parameters()),
            function,
            before: before.into(),
            has_untyped_after: after.iter().any(takes_any),
            after: after.into(),
            is_constrained: info.arguments_schema()?.is_constrained,
            room: info.most_at_once().map(|calls| Semaphore::new(calls.min(Semaphore::MAX_PERMITS))),
        })
    }
}

impl<T: Tool> Bound<T> {
    /// The function, if it need not be waited for.
    #[inline]
    pub(crate) fn at_once(&self) -> Option<&dyn RunSync<T>> {
        match &self.function {
            RunFunction::Sync(function) if self.room.is_none() => Some(&**function),
            _ => None,
        }
    }
}

/// Binds a hook, and returns it as one of this type.
fn bind<R: 'static>(hook: &'static HookInfo, start: &StartContext<'_>) -> Result<R, String> {
    let bound = hook.bind(start).map_err(problems)?;
    bound.downcast().map(|bound| *bound).map_err(|_| format!("its hook `{hook}` takes something else"))
}

impl<T: Tool> Before<T> {
    fn bind(hook: &'static HookInfo, start: &StartContext<'_>) -> Result<Self, String> {
        Ok(match (hook.stage(), hook.is_typed()) {
            (Stage::Before, true) => Self::Typed(bind(hook, start)?),
            (Stage::Before, false) => Self::Any(bind(hook, start)?),
            (_, true) => Self::TypedDetached(bind(hook, start)?),
            (_, false) => Self::AnyDetached(bind(hook, start)?),
        })
    }
}

impl<T: Tool> After<T> {
    fn bind(hook: &'static HookInfo, start: &StartContext<'_>) -> Result<Self, String> {
        Ok(match (hook.stage(), hook.is_typed()) {
            (Stage::After, true) => Self::Typed(bind(hook, start)?),
            (Stage::After, false) => Self::Any(bind(hook, start)?),
            (_, true) => Self::TypedDetached(bind(hook, start)?),
            (_, false) => Self::AnyDetached(bind(hook, start)?),
        })
    }
}

pub(super) fn problems(errors: impl AsRef<[PrepareError]>) -> String {
    errors.as_ref().iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}
