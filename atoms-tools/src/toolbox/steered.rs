//! Calls on a bus that can be paused: who cancels the bus, or a session, reaches those in no run.

use std::pin::pin;

use atoms_control::{Control, Run, Tracked};
use atoms_runtime::{Bus, Cause};
use futures_util::future::{Either, select};

use super::Toolbox;
use super::bound::Bound;
use super::run::{At, Stage, Waiting, in_this, invoked};
use crate::call::ToolError;
use crate::tool::Tool;

/// Whether a call that this event leads to is in no run: those of a run are cancelled with it.
pub(super) fn is_in_no_run(cause: Option<&Cause>) -> bool {
    cause.is_none_or(|cause| cause.carried::<Run>().is_none())
}

/// Makes a call, and waits for its end, or until it is cancelled.
pub(super) async fn steered<T: Tool>(
    bus: &Bus,
    toolbox: &Toolbox,
    bound: &Bound<T>,
    cause: Option<Box<Cause>>,
    at: At<T>,
) -> Result<T::Output, ToolError> {
    let mut event = invoked(cause.as_deref(), at.head())?;
    let tracked = bus.runs().track(T::info().path(), &event);
    if let Some(tracked) = &tracked {
        let carrying = event.carrying().with(tracked.cancellation().clone());
        event = event.with_carrying(carrying);
    }
    let stage = {
        let stages = pin!(in_this(bus, toolbox, bound, &event, at, true));
        let stopped = pin!(stopped(tracked.as_ref()));
        match select(stages, stopped).await {
            Either::Left((stage, _)) => stage,
            Either::Right(((), _)) => return Err(cancelled::<T>()),
        }
    };
    match stage {
        Stage::Done(done) => done,
        Stage::Waits(waiting) => Box::pin(end::<T>(bus, waiting, tracked.as_ref())).await,
    }
}

async fn stopped(tracked: Option<&Tracked>) {
    match tracked {
        Some(tracked) => tracked.stopped().await,
        None => std::future::pending().await,
    }
}

fn cancelled<T: Tool>() -> ToolError {
    ToolError::Cancelled { tool: T::info().name(), reason: Some("the bus was cancelled".into()) }
}

/// Waits for the end of a call that a person has to approve. If it is cancelled meanwhile, nobody need answer any more.
async fn end<T: Tool>(
    bus: &Bus,
    waiting: Waiting<'_>,
    tracked: Option<&Tracked>,
) -> Result<T::Output, ToolError> {
    let Some(tracked) = tracked else { return waiting.end::<T>(bus).await };
    let question = waiting.question.id();
    let cancelling = async {
        tracked.cancellation().cancelled().await;
        // It may have been answered just now, and then the call is made.
        let _ended = bus.questions().withdraw(question).await;
        tracked.stopped().await;
    };
    match select(pin!(waiting.end::<T>(bus)), pin!(cancelling)).await {
        Either::Left((end, _)) => end,
        Either::Right(((), _)) => Err(cancelled::<T>()),
    }
}
