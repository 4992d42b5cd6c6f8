//! The agents of one bus, and how one works.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::sync::Arc;

use atoms_control::{Run, Running, Runs, Tell};
use atoms_runtime::{AnyEvent, Bus, Cause, Dispatch, Envelope, Extension, HandlerError, Outlet};
use serde_json::Value;

use super::bound::problems;
use super::outlet::Posted;
use crate::agent::{AgentError, AgentInfo, Job, RunAgent};
use crate::caller::Sender;
use crate::events::AgentInvoked;
use crate::pattern;

/// The agents of a bus, by their names.
#[derive(Debug)]
pub(crate) struct AgentsOfBus(BTreeMap<&'static str, BoundAgent>);

impl Extension for AgentsOfBus {}

impl AgentsOfBus {
    /// Those of a bus.
    pub(crate) fn of(bus: &Bus) -> Arc<Self> {
        bus.extension_or_insert_with(|| {
            let start = bus.start_context();
            let bound = bus
                .registry()
                .entries::<AgentInfo>()
                .map(|info| (info.name(), BoundAgent { info, run: info.bind(&start).map_err(problems) }));
            Self(bound.collect())
        })
    }

    pub(crate) fn find(&self, name: &str) -> Result<&BoundAgent, AgentError> {
        self.0.get(name).ok_or_else(|| AgentError::Unknown {
            name: name.chars().take(128).collect(),
            nearest: pattern::nearest(name, self.0.keys().copied()),
        })
    }

    /// They, sorted by their names.
    pub(crate) fn all(&self) -> impl Iterator<Item = &BoundAgent> {
        self.0.values()
    }
}

/// An agent, with what its function needs on one bus.
#[derive(Clone)]
pub(crate) struct BoundAgent {
    pub(crate) info: &'static AgentInfo,
    run: Result<Arc<dyn RunAgent>, String>,
}

impl BoundAgent {
    /// Starts it in one of these runs. It tells of the task, if that has a name.
    pub(crate) fn start(
        &self,
        runs: Runs<'_>,
        input: Value,
        task: Option<String>,
    ) -> Result<Running<Value>, AgentError> {
        let (info, agent) = (self.info, self.info.name());
        let run = self.run.clone().map_err(|problem| AgentError::NotReady { agent, problem })?;
        let wrong = |error| AgentError::wrong_input(agent, &error);
        let job = run.read(input).map_err(wrong)?;
        Ok(runs.of_agents().start(agent, move |run| work(info, job, task, run)))
    }
}

impl std::fmt::Debug for BoundAgent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.info.fmt(f)
    }
}

async fn work(
    info: &'static AgentInfo,
    job: Job,
    task: Option<String>,
    run: Run,
) -> Result<Value, HandlerError> {
    let bus = run.bus().ok_or("the bus has ended")?;
    let task = task.map(|task| run.task(task, info.name()));
    let event = invoked(info, &bus, &run);
    let outlet: Arc<dyn Outlet> = Arc::new(Posted::new(&bus, &event));
    let begun = {
        let dispatch = Dispatch::new(&event, &bus, &outlet);
        Dispatch::enter(&event, || job(&dispatch.delivery(info.handler_fn())))
    };
    let done = match begun {
        Ok(mut working) => poll_fn(|cx| Dispatch::enter(&event, || working.as_mut().poll(cx))).await,
        Err(error) => Err(error.into()),
    };
    match (task, &done) {
        (Some(task), Ok(_)) => task.completed(),
        (Some(task), Err(error)) => task.failed(error),
        (None, _) => {}
    }
    done
}

/// The event from which all follows that the agent does. It carries the run, and the agent as the sender of calls.
fn invoked(info: &AgentInfo, bus: &Bus, run: &Run) -> AnyEvent {
    let mut envelope = Envelope::new(AgentInvoked { agent: info.name().into() });
    if let Some(session) = run.session() {
        envelope.metadata_mut().set_session_id(session);
    }
    if let Some(cause) = Cause::current_on(bus) {
        cause.lead_to(&mut envelope);
    }
    envelope.with_carrying(run.carrying()).carry(Sender::from(info.name())).into()
}
