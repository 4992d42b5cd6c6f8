//! The handle of the one who has started a run.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use atoms_runtime::{Bus, HandlerError};
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use super::board::{Board, Wanted};
use super::cancel;
use super::drive::{Going, start as tell_start, tell_creation_of_agent};
use super::error::{NotStarted, RunError};
use crate::work::{Run, Why};

/// A run that was started, and its owner: what [`Runs::start`](crate::Runs::start) returns. It is a future of the result.
///
/// Dropping it before it is ready cancels the run, so that no work goes on that nobody waits for; [`detach`](Self::detach)
/// leaves the run to the bus.
#[must_use = "dropping it cancels the run: await it, or `detach()` it"]
pub struct Running<T>(State<T>);

enum State<T> {
    Refused { name: String, cause: Option<NotStarted> },
    Going { run: Run, result: oneshot::Receiver<Result<T, RunError>>, is_owner: bool },
}

/// Starts a run in a task of its own.
pub(super) fn start<T, F, W>(bus: &Bus, board: Arc<Board>, wanted: Wanted, work: W) -> Running<T>
where
    W: FnOnce(Run) -> F + Send + 'static,
    F: Future<Output = Result<T, HandlerError>> + Send + 'static,
    T: Send + 'static,
{
    let (name, is_agent) = (wanted.name.clone(), wanted.is_agent);
    let Ok(runtime) = Handle::try_current() else { return Running::refused(name, NotStarted::NoRuntime) };
    let run = match board.begin(bus, wanted) {
        Ok(run) => run,
        Err(cause) => return Running::refused(name, cause),
    };
    let going = Going::new(&board, run.clone(), is_agent);
    tell_start(bus, &board, &run);
    if is_agent {
        drop(tell_creation_of_agent(&run));
    }
    let (tell, result) = oneshot::channel();
    runtime.spawn(async move {
        // Nobody may wait for it.
        let _ = tell.send(going.drive(work).await);
    });
    Running(State::Going { run, result, is_owner: true })
}

impl<T> Running<T> {
    pub(super) fn refused(name: String, cause: NotStarted) -> Self {
        Self(State::Refused { name, cause: Some(cause) })
    }

    /// Returns the run, or `None` if it was not started.
    pub fn run(&self) -> Option<&Run> {
        match &self.0 {
            State::Going { run, .. } => Some(run),
            State::Refused { .. } => None,
        }
    }

    /// Leaves the run to its bus, which cancels it when it is shut down. Fails if the run was not started.
    pub fn detach(mut self) -> Result<Run, RunError> {
        match &mut self.0 {
            State::Going { run, is_owner, .. } => {
                *is_owner = false;
                Ok(run.clone())
            }
            State::Refused { name, cause } => Err(not_started(name, cause.take())),
        }
    }
}

fn not_started(name: &str, cause: Option<NotStarted>) -> RunError {
    RunError::NotStarted { name: name.to_owned(), cause: cause.unwrap_or(NotStarted::Closed) }
}

impl<T> Future for Running<T> {
    type Output = Result<T, RunError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.0 {
            State::Refused { name, cause } => Poll::Ready(Err(not_started(name, cause.take()))),
            State::Going { run, result, is_owner } => Pin::new(result).poll(cx).map(|result| {
                *is_owner = false;
                result.unwrap_or_else(|_| {
                    Err(RunError::RuntimeEnded { run: run.id(), name: run.name().to_owned() })
                })
            }),
        }
    }
}

impl<T> Unpin for Running<T> {}

impl<T> Drop for Running<T> {
    fn drop(&mut self) {
        if let State::Going { run, is_owner: true, .. } = &self.0 {
            let why = Why { reason: Some("nobody waits for it any more".into()), by: None };
            cancel::begin(run, &why);
        }
    }
}

impl<T> fmt::Debug for Running<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Running").field(&self.run()).finish()
    }
}
