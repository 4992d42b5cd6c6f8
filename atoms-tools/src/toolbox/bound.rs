//! A tool with its hooks, bound to what their parameters need on one bus.

use std::any::TypeId;
use std::fmt;
use std::sync::Arc;

use atoms_runtime::{Bus, Delivery, PrepareError, StartContext, SyncDelivery};
use tokio::sync::Semaphore;

use super::any_bound::AnyBound;
use crate::call::{Call, Done, ToolCall, ToolDone, Verdict};
use crate::hook::{HookInfo, RunHook, Stage};
use crate::tool::{Function, NotRun, Ran, Tool, ToolInfo};

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

type Run<I, A> = Arc<dyn RunHook<I, A>>;

/// A hook before calls of the tool `T`.
pub(crate) enum Before<T: Tool> {
    Typed(Run<Call<T>, Verdict<T>>),
    Any(Run<ToolCall, Verdict>),
    TypedDetached(Run<Call<T>, ()>),
    AnyDetached(Run<ToolCall, ()>),
}

/// A hook after calls of the tool `T`.
pub(crate) enum After<T: Tool> {
    Typed(Run<Done<T>, ()>),
    Any(Run<ToolDone, ()>),
    TypedDetached(Run<Done<T>, ()>),
    AnyDetached(Run<ToolDone, ()>),
}

/// Calls the function of the tool `T`.
pub(crate) trait RunFunction<T: Tool>: Send + Sync {
    fn run<'a>(&'a self, args: T::Args, delivery: Delivery<'a>) -> Ran<'a, T::Output>;

    /// As [`run`](Self::run), with the values that layers lend.
    fn run_lent<'d>(&'d self, args: T::Args, delivery: &SyncDelivery<'d>) -> Result<T::Output, NotRun>;
}

struct BoundFunction<T: Tool, F: Function<T>>(F::Prepared);

impl<T: Tool, F: Function<T>> RunFunction<T> for BoundFunction<T, F> {
    fn run<'a>(&'a self, args: T::Args, delivery: Delivery<'a>) -> Ran<'a, T::Output> {
        F::run(args, &self.0, delivery)
    }

    fn run_lent<'d>(&'d self, args: T::Args, delivery: &SyncDelivery<'d>) -> Result<T::Output, NotRun> {
        F::run_lent(args, &self.0, delivery)
    }
}

/// A tool with its hooks.
pub(crate) struct Bound<T: Tool> {
    pub(crate) function: Arc<dyn RunFunction<T>>,
    /// Whether the function takes a value that a layer lends.
    pub(crate) is_lent: bool,
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
        let has_parameters = TypeId::of::<F::Prepared>() != TypeId::of::<()>();
        let prepared = F::prepare(start).map_err(problems)?;
        let (mut before, mut after) = (Vec::new(), Vec::new());
        for hook in hooks.iter().copied() {
            match hook.stage() {
                Stage::Before | Stage::BeforeDetached => {
                    before.push(Hooked { info: hook, run: Before::bind(hook, start)? });
                }
                Stage::After | Stage::AfterDetached => {
                    after.push(Hooked { info: hook, run: After::bind(hook, start)? });
                }
            }
        }
        let takes_any = |hook: &Hooked<After<T>>| matches!(hook.run, After::Any(_) | After::AnyDetached(_));
        Ok(Self {
            needs_event: has_parameters || hooks.iter().any(|hook| hook.has_parameters()),
            function: Arc::new(BoundFunction::<T, F>(prepared)),
            is_lent: F::IS_LENT,
            before: before.into(),
            has_untyped_after: after.iter().any(takes_any),
            after: after.into(),
            is_constrained: info.arguments_schema()?.is_constrained,
            room: info.most_at_once().map(|calls| Semaphore::new(calls as usize)),
        })
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

fn problems(errors: Vec<PrepareError>) -> String {
    errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}
