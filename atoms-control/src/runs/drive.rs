//! A run from its start to its end.

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use atoms_runtime::{AnyEvent, Bus, Dispatch, Envelope, HandlerError, Shown, panic_message};
use futures_util::FutureExt;
use tokio::time::timeout;

use super::GRACE;
use super::board::Board;
use super::cancel;
use super::error::RunError;
use super::tell::{Telling, in_run, micros, teller};
use crate::desk::Desk;
use crate::events::{
    AgentCompleted, AgentCreated, AgentFailed, AgentStarted, RunCancelled, RunCompleted, RunFailed,
    RunStarted, is_taken,
};
use crate::work::{Run, Why};

/// How long work that waits may take to be dropped.
pub(super) const STOPPING: Duration = Duration::from_millis(200);

/// How the work of a run has ended.
pub(super) enum Done<T> {
    Returned(Result<T, HandlerError>),
    Panicked(String),
    /// It was stopped where it waited.
    Stopped,
}

/// A run that goes on, until this is dropped: its end, or that of its runtime.
pub(super) struct Going {
    board: Arc<Board>,
    pub(super) run: Run,
    /// Whether the run is the work of an agent.
    is_agent: bool,
}

impl Drop for Going {
    fn drop(&mut self) {
        self.run.end();
        // Those that were started at the last moment, or do not end.
        for child in self.run.parts() {
            cancel::begin(&child, &belongs_to(&self.run));
            child.stop_all();
        }
        self.board.end(&self.run);
    }
}

/// Tells that a run starts, by an event from which all follows that is done in it.
pub(super) fn start(bus: &Bus, board: &Arc<Board>, run: &Run) {
    let (name, parent) = (run.name().to_owned(), run.parent().map(Run::id));
    let started =
        RunStarted { run: Some(run.id()), source: name.clone(), message: name.clone(), name, parent };
    let event = in_run(bus, Some(run), Envelope::new(started));
    run.set_start(Some(event.clone()));
    if is_taken::<RunStarted>(bus) {
        // There is nobody to wait for room.
        let _told = board.outbox.put(bus, event, true);
    }
}

/// Polls what belongs to an event, so that what it emits follows from that.
pub(super) async fn within<F: Future>(event: &AnyEvent, future: F) -> F::Output {
    let mut future = pin!(future);
    poll_fn(|cx| Dispatch::enter(event, || future.as_mut().poll(cx))).await
}

impl Going {
    pub(super) fn new(board: &Arc<Board>, run: Run, is_agent: bool) -> Self {
        Self { board: Arc::clone(board), run, is_agent }
    }

    /// Does the work of the run, tells how it ends, and returns that.
    pub(super) async fn drive<T, F, W>(self, work: W) -> Result<T, RunError>
    where
        W: FnOnce(Run) -> F,
        F: Future<Output = Result<T, HandlerError>>,
    {
        let run = &self.run;
        let done = match run.start() {
            Some(start) => {
                if self.is_agent {
                    drop(tell_start_of_agent(run));
                }
                do_work(run, &start, work).await
            }
            None => Done::Stopped,
        };
        end_children(run).await;
        let ended = self.ended(done);
        if self.is_agent {
            drop(tell_end_of_agent(run, &ended));
        }
        let told = tell_end(run, &ended);
        // It is told if there is room.
        let _told = told.await;
        ended.result
    }

    /// Says how it ends: as cancelled, if it was, whatever its work has returned.
    fn ended<T>(&self, done: Done<T>) -> Ended<T> {
        let (run, name) = (self.run.id(), self.run.name().to_owned());
        let (why, result) = match (self.run.end(), done) {
            (Some(why), _) => {
                let reason = why.reason.clone();
                (Some(why), Err(RunError::Cancelled { run, name, reason }))
            }
            (None, Done::Returned(Ok(value))) => (None, Ok(value)),
            (None, Done::Returned(Err(cause))) => (None, Err(RunError::Failed { run, name, cause })),
            (None, Done::Panicked(message)) => (None, Err(RunError::Panicked { run, name, message })),
            (None, Done::Stopped) => (None, Err(RunError::Cancelled { run, name, reason: None })),
        };
        Ended { why: why.unwrap_or_default(), result }
    }
}

/// How a run has ended, and why it was cancelled, if it was.
struct Ended<T> {
    why: Why,
    result: Result<T, RunError>,
}

async fn do_work<T, F, W>(run: &Run, start: &AnyEvent, work: W) -> Done<T>
where
    W: FnOnce(Run) -> F,
    F: Future<Output = Result<T, HandlerError>>,
{
    let mut working = Box::pin(AssertUnwindSafe(async { work(run.clone()).await }).catch_unwind());
    let mut stopped = pin!(run.stopped().cancelled());
    let done = poll_fn(|cx| {
        if let Poll::Ready(done) = Dispatch::enter(start, || working.as_mut().poll(cx)) {
            return Poll::Ready(match done {
                Ok(returned) => Done::Returned(returned),
                Err(panic) => Done::Panicked(panic_message(panic)),
            });
        }
        stopped.as_mut().poll(cx).map(|()| Done::Stopped)
    })
    .await;
    // What it owns may tell something when it is dropped, or panic.
    match catch_unwind(AssertUnwindSafe(|| Dispatch::enter(start, || drop(working)))) {
        Ok(()) => done,
        Err(panic) => Done::Panicked(panic_message(panic)),
    }
}

/// Why a run is cancelled that belongs to this one, which has ended.
fn belongs_to(run: &Run) -> Why {
    Why { reason: Some(format!("the run `{run}`, to which it belongs, has ended")), by: None }
}

/// Ends the runs that belong to this one.
async fn end_children(run: &Run) {
    let children = run.parts();
    if children.is_empty() {
        return;
    }
    let (why, mut cancelled) = (belongs_to(run), Vec::new());
    for child in &children {
        child.cancel_all(&why, &mut cancelled);
    }
    let questions = async {
        if let Some(bus) = run.bus() {
            Desk::of(&bus).cancel_of(&bus, &cancelled).await;
        }
    };
    tokio::join!(wait_for(&children, GRACE), questions);
}

/// Waits until cancelled runs have ended. What waits in them is dropped if they do not end in time; returns whether all have
/// ended then.
pub(super) async fn wait_for(runs: &[Run], grace: Duration) -> bool {
    let ended = async || {
        for run in runs {
            run.ended().await;
        }
    };
    if timeout(grace, ended()).await.is_ok() {
        return true;
    }
    runs.iter().for_each(Run::stop_all);
    timeout(STOPPING, ended()).await.is_ok()
}

fn tell_end<T>(run: &Run, ended: &Ended<T>) -> Telling {
    let (name, elapsed_micros) = (run.name().to_owned(), micros(run.elapsed()));
    let teller = teller(run);
    let failed = |error: String, is_panic| {
        let (name, text) = (name.clone(), error.clone());
        teller.tell_surely(error, |run, source, message| RunFailed {
            run,
            source,
            message,
            name,
            error: text,
            is_panic,
            elapsed_micros,
        })
    };
    match &ended.result {
        Ok(_) => teller.tell_surely(format!("{run} is done"), |run, source, message| RunCompleted {
            run,
            source,
            message,
            name: name.clone(),
            elapsed_micros,
        }),
        Err(RunError::Failed { cause, .. }) => failed(Shown(cause).to_string(), false),
        Err(RunError::Panicked { message, .. }) => failed(message.clone(), true),
        Err(_) => {
            let Why { reason, by } = ended.why.clone();
            let message = reason.clone().unwrap_or_else(|| format!("{run} was cancelled"));
            teller.tell_surely(message, |id, source, message| RunCancelled {
                run: id,
                source,
                message,
                name: Some(name.clone()),
                session: run.session().map(Into::into),
                by,
                reason,
            })
        }
    }
}

/// Tells that the agent was created whose work the run is. There is nobody to wait for room.
pub(super) fn tell_creation_of_agent(run: &Run) -> Telling {
    let created = |run, source, message| AgentCreated { run, source, message };
    teller(run).tell_surely(run.name(), created)
}

/// The same, that it begins to work.
fn tell_start_of_agent(run: &Run) -> Telling {
    let started = |run, source, message| AgentStarted { run, source, message };
    teller(run).tell_surely(run.name(), started)
}

/// Tells how a run has ended, of the agent whose work it was.
fn tell_end_of_agent<T>(run: &Run, ended: &Ended<T>) -> Telling {
    let teller = teller(run);
    match &ended.result {
        Ok(_) => teller.tell_surely(format!("{run} is done"), |run, source, message| AgentCompleted {
            run,
            source,
            message,
        }),
        Err(error) => {
            let error = Shown(error).to_string();
            teller.tell_surely(error, |run, source, message| AgentFailed { run, source, message })
        }
    }
}

impl Run {
    /// Drops what waits in this run, and in all that belong to it.
    pub(super) fn stop_all(&self) {
        let mut next = vec![self.clone()];
        while let Some(run) = next.pop() {
            run.stopped().cancel();
            next.extend(run.parts());
        }
    }

    /// Does something that belongs to this run: what it emits follows from the run's start, and runs that it starts are part
    /// of this one. For tasks that the work of the run spawns.
    ///
    /// ```
    /// # use atoms::prelude::*;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let bus = Bus::builder().without_discovery().start()?;
    /// let running = bus.runs().start("nightly import", async |run: Run| {
    ///     let part = run.clone();
    ///     tokio::spawn(run.within(async move { part.bus().map(|bus| bus.is_closed()) })).await?;
    ///     Ok(())
    /// });
    /// running.await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn within<F: Future>(&self, future: F) -> impl Future<Output = F::Output> + use<F> {
        let run = self.clone();
        async move {
            match run.start() {
                Some(start) => within(&start, future).await,
                None => future.await,
            }
        }
    }
}
