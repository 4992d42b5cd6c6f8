//! The bindings of a bus, and how one is fired by hand.

use atoms_runtime::{AnyEvent, Bus, Cause, Envelope, PrepareError};

use super::before::within;
use super::bound::problems;
use super::detached::{call, tell};
use crate::bindings::{Element, Resolved};
use crate::call::EventData;
use crate::caller::Sender;
use crate::events::ToolInvoked;
use crate::hook::{HookInfo, RunHook};

/// A binding, with its function ready to run.
pub(crate) struct BoundEvent {
    pub(crate) resolved: &'static Resolved,
    /// The hook that runs the function.
    pub(super) info: &'static HookInfo,
    run: Result<RunHook<EventData, ()>, Vec<PrepareError>>,
}

/// Those of a bus, sorted by their names. They are kept until the process ends, as hooks are.
pub(super) fn bound(bus: &Bus) -> Vec<BoundEvent> {
    let registry = bus.registry();
    let resolved = registry.entries::<Element>().filter_map(|element| element.resolve(registry));
    let bound = resolved.map(|resolved| {
        let resolved: &'static Resolved = Box::leak(Box::new(resolved));
        let Resolved { element, sender, hook, .. } = resolved;
        let info = hook.run_by(element.full_name(), sender, resolved.hook_stage(), resolved);
        BoundEvent { resolved, info: Box::leak(Box::new(info)), run: resolved.firing(&bus.start_context()) }
    });
    bound.collect()
}

impl BoundEvent {
    /// Calls the function, which replaces the data, in an event of its own. Events that it emits are posted. If its calls are
    /// not waited for, it is called in a task of the bus.
    pub(crate) async fn fire(&self, bus: &Bus, data: &mut EventData) -> Result<(), String> {
        let run = self.run.as_ref().map_err(problems)?;
        let event = self.invoked(data);
        if !self.resolved.element.is_async() {
            let called = within(self.info.time_limit(), call(bus, &event, self.info, run, data)).await;
            return called
                .unwrap_or_else(|| Err(format!("it took longer than {:?}", self.info.time_limit())));
        }
        let (bus_of_task, event_of_task, info, run, mut data) =
            (bus.clone(), event.clone(), self.info, run.clone(), data.clone());
        let task = async move {
            if let Err(problem) = call(&bus_of_task, &event_of_task, info, &run, &mut data).await {
                tell(info, &problem);
            }
        };
        bus.spawn_detached(&event, (self.info.handler_fn())(), task).map_err(|error| error.to_string())
    }

    fn invoked(&self, data: &EventData) -> AnyEvent {
        let invoked = ToolInvoked { tool: data.tool_name().into() };
        let mut envelope = Envelope::new(invoked).carry(Sender::from(self.resolved.sender));
        if let Some(cause) = Cause::current() {
            cause.wait_for(&mut envelope);
        }
        envelope.into()
    }
}
