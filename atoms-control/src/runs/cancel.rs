//! Cancelling runs.

use std::fmt;
use std::future::IntoFuture;
use std::pin::Pin;
use std::time::Duration;

use atoms_runtime::{Bus, Shown};
use tokio::runtime::Handle;

use super::board::Board;
use super::deliveries::Deliveries;
use super::drive::{STOPPING, wait_for};
use super::pause::tell_scope;
use super::scope::Scope;
use super::steering::Steered;
use super::{GRACE, Runs};
use crate::desk::{Desk, detached};
use crate::events::RunCancelled;
use crate::principal::Principal;
use crate::question::QuestionId;
use crate::work::{DroppedEvent, Run, RunId, Why};

/// Runs that are about to be cancelled, with all that belong to them. Await it.
///
/// Cancelling trips the token that each run and the [`Context`](atoms_runtime::Context) of each handler has, wakes those who
/// wait in a checkpoint or for an answer, cancels the open questions of the runs, and drops what is held for them. The work
/// may then end by itself, for a second by [default](Self::grace); after that, it is dropped where it waits. It goes on
/// if the future is dropped after it was polled once.
///
/// With [`Steering`](crate::Steering), this applies to handlers and calls of tools as well, also to those without a run,
/// but not to the one that cancels. Nothing is cancelled that is started later.
#[must_use = "nothing is cancelled unless this is awaited"]
pub struct Cancelling<'a> {
    runs: Runs<'a>,
    scope: Scope,
    why: Why,
    /// How long the work may take, before it is stopped; if it is.
    grace: Option<Duration>,
}

/// What became of runs that were cancelled.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Cancelled {
    /// The runs that this has cancelled: none, if they had ended or were cancelled before.
    pub runs: Vec<RunId>,
    /// The questions that were cancelled with them.
    pub questions: Vec<QuestionId>,
    /// The events that were held, and are not delivered.
    pub dropped: Vec<DroppedEvent>,
    /// What still runs, since it cannot be stopped: it holds its thread. These are names of runs, and paths of handlers.
    pub still_running: Vec<String>,
}

impl<'a> Cancelling<'a> {
    pub(super) fn new(runs: Runs<'a>, scope: Scope) -> Self {
        Self { runs, scope, why: Why::default(), grace: Some(GRACE) }
    }

    /// Sets the reason, which those who wait are told.
    pub fn reason(mut self, reason: impl Into<String>) -> Self {
        self.why.reason = Some(reason.into());
        self
    }

    /// Sets who cancels it, for the event that tells of it.
    pub fn by(mut self, principal: &Principal) -> Self {
        self.why.by = Some(principal.clone());
        self
    }

    /// Sets how long the work may take to end by itself: a second by default. After that, it is dropped where it waits.
    pub fn grace(mut self, grace: Duration) -> Self {
        self.grace = Some(grace);
        self
    }

    /// Stops nothing: the work sees that it is cancelled, and ends by itself, as long as that may take. What is held for it
    /// is let go instead of dropped. Awaiting this does not wait for the end.
    ///
    /// An interrupt of a session cancels its turn in this way, since what is not interruptible survives it.
    pub fn cooperative(mut self) -> Self {
        self.grace = None;
        self
    }
}

impl<'a> IntoFuture for Cancelling<'a> {
    type Output = Cancelled;
    type IntoFuture = Pin<Box<dyn Future<Output = Cancelled> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let Self { runs: Runs { bus, board, .. }, scope, why, grace } = self;
            let mut runs = Vec::new();
            in_scope(&board, &scope).iter().for_each(|run| run.cancel_all(&why, &mut runs));
            let ending = Ending::begin(bus, scope, &why, runs, grace.is_some());
            ending.tell(bus, why);
            let ended = detached(bus, |bus| async move { ending.finish(&bus, grace).await });
            // A runtime that ends, ends the runs in it as well.
            ended.await.unwrap_or_default()
        })
    }
}

impl fmt::Debug for Cancelling<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cancelling").field("scope", &self.scope).finish_non_exhaustive()
    }
}

/// The runs that go on there.
fn in_scope(board: &Board, scope: &Scope) -> Vec<Run> {
    match scope {
        Scope::Run(id) => board.get(*id).into_iter().collect(),
        Scope::Session(session) => {
            board.all().into_iter().filter(|run| run.session() == Some(session.as_str())).collect()
        }
        Scope::Bus => board.all(),
    }
}

/// Begins to cancel a run. Nobody waits for what becomes of it.
pub(super) fn begin(run: &Run, why: &Why) {
    let mut runs = Vec::new();
    run.cancel_all(why, &mut runs);
    match (run.bus(), Handle::try_current()) {
        (Some(bus), Ok(runtime)) => {
            let ending = Ending::begin(&bus, run.into(), why, runs, true);
            runtime.spawn(async move { ending.finish(&bus, Some(GRACE)).await });
        }
        // There is no time to wait.
        _ => run.stop_all(),
    }
}

/// Runs that are cancelled, and have not all ended.
struct Ending {
    scope: Scope,
    runs: Vec<Run>,
    dropped: Vec<DroppedEvent>,
    deliveries: Option<Deliveries>,
}

impl Ending {
    fn begin(bus: &Bus, scope: Scope, why: &Why, runs: Vec<Run>, stops: bool) -> Self {
        let reason = why.reason.as_deref().map_or_else(String::new, |reason| format!(": {}", Shown(reason)));
        let steered = Steered::of(bus);
        let (dropped, deliveries) = match &steered {
            Some(steered) if !stops => {
                steered.gate.resume(&scope);
                (Vec::new(), Some(steered.cancel(&scope)))
            }
            Some(steered) => {
                let why = format!("it was held, and {scope} was cancelled{reason}");
                (steered.gate.drop_held(&scope, &why), Some(steered.cancel(&scope)))
            }
            None => (Vec::new(), None),
        };
        Self { scope, runs, dropped, deliveries }
    }

    /// Tells that a session or the bus is cancelled. Each run tells it for itself.
    fn tell(&self, bus: &Bus, Why { reason, by }: Why) {
        if self.scope.run().is_some() {
            return;
        }
        let message = format!("{} is cancelled", self.scope);
        let session = self.scope.session().map(Into::into);
        let told = tell_scope(bus, None, by, message, |run, source, message, by| RunCancelled {
            run,
            source,
            message,
            name: None,
            session,
            by,
            reason,
        });
        drop(told);
    }

    /// Ends what the runs have open, and waits until they have ended.
    async fn finish(self, bus: &Bus, grace: Option<Duration>) -> Cancelled {
        let Self { runs, mut dropped, deliveries, .. } = self;
        let questions = Desk::of(bus).cancel_of(bus, &runs).await;
        let handlers = async {
            let Some(deliveries) = &deliveries else { return Vec::new() };
            if let Some(grace) = grace {
                deliveries.wait(grace).await;
                deliveries.stop();
                deliveries.wait(STOPPING).await;
            }
            deliveries.handlers()
        };
        let ended = async {
            match grace {
                Some(grace) => wait_for(&runs, grace).await,
                None => false,
            }
        };
        let (all_ended, handlers) = tokio::join!(ended, handlers);
        dropped.extend(runs.iter().flat_map(Run::take_dropped));
        let going = runs.iter().filter(|run| !all_ended && !run.has_ended());
        let names = going.map(|run| Shown(run.name()).to_string());
        Cancelled {
            questions,
            dropped,
            still_running: names.chain(handlers.into_iter().map(Into::into)).collect(),
            runs: runs.iter().map(Run::id).collect(),
        }
    }
}
