//! Detached hooks, for which no call waits.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use atoms_runtime::{AnyEvent, Bus, Dispatch, LogLimit, Outlet};
use futures_util::FutureExt;

use super::before::{answer_now, begun, panicked};
use super::outlet::Posted;
use super::run::Flow;
use crate::call::reason_text;
use crate::hook::{HookInfo, HookInput, RunHook};
use crate::tool::Tool;

static FAILED: LogLimit = LogLimit::new(10, "more detached hooks failed");

impl<T: Tool> Flow<'_, '_, T> {
    /// Starts a hook in a task of the bus, with a copy of the call. Its failure is logged.
    pub(super) fn detach<I: HookInput>(&self, info: &'static HookInfo, run: &RunHook<I, ()>, input: &I) {
        if let Err(problem) = self.start(info, run, input) {
            tell(info, &problem);
        }
    }

    fn start<I: HookInput>(
        &self,
        info: &'static HookInfo,
        run: &RunHook<I, ()>,
        input: &I,
    ) -> Result<(), String> {
        let copied = catch_unwind(AssertUnwindSafe(|| input.copy()));
        let mut input = copied.map_err(panicked)?.map_err(reason_text)?;
        let (bus, event, run) = (self.bus.clone(), self.event.clone(), run.clone());
        let task = async move {
            if let Err(problem) = call(&bus, &event, info, &run, &mut input).await {
                tell(info, &problem);
            }
        };
        let spawned = self.bus.spawn_detached(self.event, info.handler_fn()(), task);
        spawned.map_err(|error| error.to_string())
    }
}

/// Calls a hook in an event, with an outlet that posts what it emits.
pub(super) async fn call<I>(
    bus: &Bus,
    event: &AnyEvent,
    info: &'static HookInfo,
    run: &RunHook<I, ()>,
    input: &mut I,
) -> Result<(), String> {
    let outlet: Arc<dyn Outlet> = Arc::new(Posted::new(bus, event));
    let dispatch = Dispatch::new(event, bus, &outlet);
    let delivery = dispatch.delivery(info.handler_fn());
    match run {
        RunHook::Sync(run) => Dispatch::enter(event, || answer_now(&**run, input, &delivery)),
        RunHook::Async(run) => {
            let mut future = Dispatch::enter(event, || begun(&**run, input, &delivery))?;
            let entered = std::future::poll_fn(|cx| Dispatch::enter(event, || future.as_mut().poll(cx)));
            let done = AssertUnwindSafe(entered).catch_unwind().await;
            done.map_err(panicked)?.map_err(reason_text)
        }
    }
}

pub(super) fn tell(info: &HookInfo, problem: &str) {
    if FAILED.allows() {
        tracing::error!(hook = info.path(), problem, "a detached hook failed");
    }
}
