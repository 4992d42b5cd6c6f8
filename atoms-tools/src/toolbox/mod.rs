//! The tools of one bus: all that is bound to it, frozen at its start, and how they are called.

mod after;
mod agents;
mod any_bound;
mod approval;
mod asker;
mod before;
mod bound;
mod detached;
mod events;
mod function;
mod future;
mod judging;
mod lent;
mod made;
mod observe;
mod outlet;
mod resume;
mod run;
mod settings;
#[cfg(all(test, shuttle))]
mod shuttle_tests;
mod steered;
mod waiters;

use std::any::Any;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use atoms_control::Control;
use atoms_runtime::{AnyEvent, Bus, Dispatch, Envelope, Extension, Outlet};

pub(crate) use agents::{AgentsOfBus, BoundAgent};
pub(crate) use any_bound::AnyBound;
pub(crate) use asker::ASKER;
pub use bound::Binding;
use bound::Bound;
pub(crate) use events::BoundEvent;
pub(crate) use future::CallFuture;
pub(crate) use judging::Judging;
pub(crate) use lent::run_lent;
pub(crate) use resume::{end_answered, end_cancelled, end_expired, run_approved};
pub use settings::ToolSettings;

use self::made::Made;
use self::outlet::Nowhere;
use self::waiters::Waiters;
use crate::call::ToolError;
use crate::events::ToolInvoked;
use crate::hook::{HookInfo, Stage};
use crate::pattern;
use crate::tool::{Tool, ToolInfo};

/// What all calls of tools on one bus share.
pub(crate) struct Toolbox {
    /// By their indices.
    tools: Box<[Option<Ready>]>,
    by_name: HashMap<&'static str, &'static ToolInfo>,
    /// What a configuration binds, by their names.
    events: Vec<BoundEvent>,
    pub(crate) settings: ToolSettings,
    /// Whether calls outside of runs are to be found by those who cancel the bus.
    is_steered: bool,
    waiters: Waiters,
    made: Made,
    /// The outlet of calls in which nothing is extracted.
    nothing: AnyEvent,
    nowhere: Arc<dyn Outlet>,
}

/// A tool that is ready to be called, or why it is not.
type Ready = Result<Arc<dyn AnyBound>, String>;

impl Toolbox {
    /// That of a bus.
    #[inline]
    pub(crate) fn of(bus: &Bus) -> &Self {
        bus.borrow_extension().unwrap_or_else(|| Self::put(bus))
    }

    #[cold]
    fn put(bus: &Bus) -> &Self {
        bus.extension_or_insert_with(|| Self::new(bus));
        bus.borrow_extension().expect("it was put there")
    }

    fn new(bus: &Bus) -> Self {
        let registry = bus.registry();
        let events = events::bound(bus);
        let own = registry.entries::<HookInfo>().filter(|hook| hook.stage() != Stage::Configured);
        let mut hooks: Vec<_> = own.chain(events.iter().map(|event| event.info)).collect();
        // Those of one order are sorted by their paths already, and those of a configuration come last.
        hooks.sort_by_key(|hook| hook.place_in_order());
        let infos: Vec<_> = registry.entries::<ToolInfo>().collect();
        let count = infos.iter().map(|info| info.index() + 1).max().unwrap_or_default();
        let mut tools: Vec<_> = (0..count).map(|_| None).collect();
        for info in &infos {
            tools[info.index()] = Some(Binding::of_tool(info).bind(bus, info, &hooks));
        }
        Self {
            tools: tools.into(),
            events,
            by_name: infos.into_iter().map(|info| (info.name(), info)).collect(),
            settings: bus.extension::<ToolSettings>().map(|it| (*it).clone()).unwrap_or_default(),
            is_steered: bus.runs().is_steered(),
            waiters: Waiters::default(),
            made: Made::default(),
            nothing: Envelope::new(ToolInvoked { tool: String::new() }).into(),
            nowhere: Arc::new(Nowhere),
        }
    }

    /// For calls in which nothing is extracted.
    #[inline]
    fn dispatch_nothing<'a>(&'a self, bus: &'a Bus) -> Dispatch<'a> {
        Dispatch::new(&self.nothing, bus, &self.nowhere)
    }

    /// The tool of this name.
    pub(crate) fn find(&self, name: &str) -> Result<&'static ToolInfo, ToolError> {
        self.by_name.get(name).copied().ok_or_else(|| ToolError::Unknown {
            name: name.chars().take(64).collect(),
            nearest: pattern::nearest(name, self.by_name.keys().copied()),
        })
    }

    /// The tools, by their names.
    pub(crate) fn infos(&self) -> impl Iterator<Item = &'static ToolInfo> + use<> {
        let mut infos: Vec<_> = self.by_name.values().copied().collect();
        infos.sort_by_key(|info| info.name());
        infos.into_iter()
    }

    /// What a configuration binds.
    pub(crate) fn events(&self) -> &[BoundEvent] {
        &self.events
    }

    /// The bound tool of this description.
    #[inline]
    pub(crate) fn tool(&self, info: &'static ToolInfo) -> Result<&Arc<dyn AnyBound>, ToolError> {
        match self.tools.get(info.index()) {
            Some(Some(Ok(bound))) => Ok(bound),
            other => Err(not_ready(info, other.and_then(Option::as_ref))),
        }
    }

    #[inline]
    fn bound<T: Tool>(&self) -> Result<&Bound<T>, ToolError> {
        let bound: &dyn Any = &**self.tool(T::info())?;
        bound.downcast_ref().ok_or_else(|| not_ready(T::info(), None))
    }
}

#[cold]
fn not_ready(info: &'static ToolInfo, ready: Option<&Ready>) -> ToolError {
    let problem = match ready {
        Some(Err(problem)) => problem.clone(),
        _ => format!("it was not added: write `.tool::<{info}>()` where the bus is built"),
    };
    ToolError::NotReady { tool: info.name(), problem }
}

impl Extension for Toolbox {
    fn closing(&self) {
        self.waiters.close();
    }
}

impl Drop for Toolbox {
    fn drop(&mut self) {
        self.waiters.close();
    }
}

impl fmt::Debug for Toolbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Toolbox").field("tools", &self.by_name.len()).finish_non_exhaustive()
    }
}
