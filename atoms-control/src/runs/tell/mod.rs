//! Telling of work that is done.

mod guards;

use std::fmt;
use std::future::IntoFuture;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use atoms_runtime::{AnyEvent, Bus, Cause, Envelope, Event, InSession, IntoEnvelope, Timestamp, WeakBus};

pub use self::guards::{Phase, Task};
use super::board::Board;
use super::outbox::{NotTold, Outbox};
use crate::events::{
    AgentCompleted, AgentCreated, AgentFailed, AgentMessage, AgentStarted, BugDetected, DiscussionStarted,
    ErrorReported, FixStarted, Progress, Thinking, is_taken,
};
use crate::work::{Run, RunId};

/// Who tells of work: an agent, or another part of the program, in a run or without one.
/// [`Control::source`](crate::Control::source) and [`Run::source`](crate::Run::source) return it.
///
/// ```
/// use atoms::control::{AgentCompleted, Tell};
/// use atoms::prelude::*;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let bus = Bus::builder().without_discovery().start()?;
/// let done = bus.expect::<AgentCompleted>(|done| done.source == "researcher");
/// bus.source("researcher").agent_completed("finished the research").await?;
/// assert_eq!(done.await?.message, "finished the research");
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Source {
    bus: WeakBus,
    run: Option<Run>,
    name: String,
}

impl Source {
    pub(crate) fn new(bus: &Bus, name: String) -> Self {
        Self { bus: bus.downgrade(), run: None, name }
    }

    pub(super) fn weak_bus(&self) -> &WeakBus {
        &self.bus
    }

    /// Returns the name.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source").field("name", &self.name).field("run", &self.run).finish_non_exhaustive()
    }
}

impl Run {
    /// Returns somebody who works in this run, such as an agent.
    pub fn source(&self, name: impl Into<String>) -> Source {
        Source { bus: self.weak_bus().clone(), run: Some(self.clone()), name: name.into() }
    }
}

/// An event that tells of work. It was told when the method was called.
///
/// Awaiting it waits until the event is in the queue of the bus, and so slows down who tells faster than the bus handles;
/// it never waits for a handler. Fails if 4,096 events, or 16 MiB of them, wait to be told: then this one is not. What a run tells
/// by itself finds room in any case.
#[must_use = "awaiting it waits for room; `drop` it where nobody can wait"]
pub struct Telling(Result<Option<(Arc<Outbox>, u64)>, NotTold>);

impl Telling {
    /// Returns whether the event is told, without waiting for room.
    pub fn outcome(&self) -> Result<(), NotTold> {
        self.0.as_ref().map(drop).map_err(|error| *error)
    }
}

impl IntoFuture for Telling {
    type Output = Result<(), NotTold>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            if let Some((outbox, number)) = self.0? {
                outbox.posted(number).await;
            }
            Ok(())
        })
    }
}

impl fmt::Debug for Telling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Telling").field(&self.outcome()).finish()
    }
}

/// Who tells, and what of.
#[derive(Clone)]
pub struct Teller<'a> {
    bus: &'a WeakBus,
    run: Option<&'a Run>,
    source: &'a str,
}

impl Teller<'_> {
    /// Tells an event, if anybody takes it.
    pub(super) fn tell<E: Event>(
        &self,
        message: impl Into<String>,
        event: impl FnOnce(Option<RunId>, String, String) -> E,
    ) -> Telling
    where
        Envelope<E>: IntoEnvelope<Event = E>,
    {
        self.put(false, message, event)
    }

    /// The same, which finds room in any case: of what there is once for a run, whose number is limited, and of what ends
    /// something whose beginning was told.
    pub(super) fn tell_surely<E: Event>(
        &self,
        message: impl Into<String>,
        event: impl FnOnce(Option<RunId>, String, String) -> E,
    ) -> Telling
    where
        Envelope<E>: IntoEnvelope<Event = E>,
    {
        self.put(true, message, event)
    }

    /// The same; `surely` says whether it finds room in any case.
    fn put<E: Event>(
        &self,
        surely: bool,
        message: impl Into<String>,
        event: impl FnOnce(Option<RunId>, String, String) -> E,
    ) -> Telling
    where
        Envelope<E>: IntoEnvelope<Event = E>,
    {
        let Some(bus) = self.bus.upgrade().filter(is_taken::<E>) else { return Telling(Ok(None)) };
        let event = event(self.run.map(Run::id), self.source.to_owned(), message.into());
        let event = in_run(&bus, self.run, Envelope::new(event));
        let outbox = &Board::of(&bus).outbox;
        Telling(outbox.put(&bus, event, surely).map(|number| Some((Arc::clone(outbox), number))))
    }
}

/// The event, as one that belongs to the run, and follows from the event in whose handler it is told, or from the run's start.
pub(super) fn in_run<E: Event>(bus: &Bus, run: Option<&Run>, mut envelope: Envelope<E>) -> AnyEvent {
    if let Some(run) = run {
        if let Some(session) = run.session() {
            envelope.metadata_mut().set_session_id(session);
            // No session waits for the work of a run.
            envelope = envelope.carry(InSession::new(session));
        }
        envelope = envelope.with_carrying(run.carrying());
    }
    let start = || run.and_then(Run::start).map(|start| Cause::of_event(&start, bus));
    if let Some(cause) = Cause::current_on(bus).or_else(start) {
        cause.lead_to(&mut envelope);
    }
    envelope.into()
}

mod sealed {
    use super::{Run, Source, Teller};

    pub trait Tells {
        fn teller(&self) -> Teller<'_>;
    }

    impl Tells for Run {
        fn teller(&self) -> Teller<'_> {
            Teller { bus: self.weak_bus(), run: Some(self), source: self.name() }
        }
    }

    impl Tells for Source {
        fn teller(&self) -> Teller<'_> {
            Teller { bus: &self.bus, run: self.run.as_ref(), source: &self.name }
        }
    }
}

/// Tells messages that are events with nothing beside them.
macro_rules! messages {
    ($($(#[$meta:meta])* $method:ident: $event:ident;)*) => {$(
        $(#[$meta])*
        fn $method(&self, message: impl Into<String>) -> Telling {
            self.teller().tell(message, |run, source, message| $event { run, source, message })
        }
    )*};
}

/// Tells others of work that is done: what a [`Run`], or a [`Source`] without one, can do.
///
/// Each method makes an event, if a handler or a subscriber of the bus takes it, and posts it. It takes effect at once, so
/// sync code need not await what it returns. The events of one run are handled in order. They are in memory, also on a
/// bus whose posted events are stored.
pub trait Tell: sealed::Tells {
    /// Tells how much is done, and what is done now.
    fn progress(&self, completed: u64, total: u64, current_task: impl Into<String>) -> Telling {
        let teller = self.teller();
        let percentage = percentage(completed, total);
        let estimated_end = teller.run.and_then(|run| estimated_end(run, completed, total));
        let message = format!("{completed}/{total} tasks done ({percentage:.0}%)");
        teller.tell(message, |run, source, message| {
            let current_task = current_task.into();
            Progress { run, source, message, completed, total, current_task, percentage, estimated_end }
        })
    }

    /// Tells that a phase of the work begins, and, when the returned guard is dropped, that it is over.
    fn phase(&self, phase: impl Into<String>) -> Phase {
        Phase::begin(&self.teller(), phase.into())
    }

    /// Tells that an agent begins a task, and, by the returned guard, what becomes of it. The first task of a run is told even if
    /// there is no room for more.
    fn task(&self, task: impl Into<String>, agent: impl Into<String>) -> Task {
        Task::begin(&self.teller(), task.into(), agent.into())
    }

    messages! {
        /// Tells what somebody thinks, such as a model.
        thinking: Thinking;
        /// Tells that something went wrong.
        error: ErrorReported;
        /// Tells that the source, an agent, was created.
        agent_created: AgentCreated;
        /// Tells that the source, an agent, begins to work.
        agent_started: AgentStarted;
        /// Tells that the source, an agent, has done its work.
        agent_completed: AgentCompleted;
        /// Tells that the source, an agent, has failed.
        agent_failed: AgentFailed;
        /// Tells what the source, an agent, says.
        agent_message: AgentMessage;
        /// Tells that a bug was found.
        bug_detected: BugDetected;
        /// Tells that a discussion begins.
        discussion_started: DiscussionStarted;
        /// Tells that somebody begins to fix something.
        fix_started: FixStarted;
    }
}

impl<T: sealed::Tells> Tell for T {}

impl Teller<'_> {
    fn to_source(&self) -> Source {
        Source { bus: self.bus.clone(), run: self.run.cloned(), name: self.source.to_owned() }
    }
}

impl fmt::Debug for Teller<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Teller").field("source", &self.source).finish_non_exhaustive()
    }
}

fn percentage(completed: u64, total: u64) -> f64 {
    if total == 0 { 0.0 } else { completed as f64 / total as f64 * 100.0 }
}

/// When it is done, if what is left takes as long for each as what is done.
fn estimated_end(run: &Run, completed: u64, total: u64) -> Option<Timestamp> {
    let left = total.checked_sub(completed).filter(|_| completed > 0)?;
    let micros = run.elapsed().as_micros() as f64 * (left as f64 / completed as f64);
    Some(Timestamp::from_unix_micros(Timestamp::now().unix_micros().saturating_add(micros as i64)))
}

pub(super) fn micros(elapsed: Duration) -> u64 {
    elapsed.as_micros().try_into().unwrap_or(u64::MAX)
}

/// Who tells.
pub(super) fn teller(who: &impl sealed::Tells) -> Teller<'_> {
    who.teller()
}
