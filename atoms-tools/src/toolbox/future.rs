//! The future of a call.

use std::pin::Pin;
use std::task::{Context, Poll};

use atoms_runtime::{Bus, Cause};

use super::Toolbox;
use super::bound::Bound;
use super::judging::Judging;
use super::observe::Observer;
use super::run::{At, Flow, Stage, in_event};
use super::steered::{is_in_no_run, steered};
use crate::call::ToolError;
use crate::tool::Tool;

/// A call, from its beginning to its end. What need not be waited for is done without a further future, since to make one
/// and to move it takes longer than that.
pub(crate) struct CallFuture<'a, T: Tool>(State<'a, T>);

enum State<'a, T: Tool> {
    New { bus: &'a Bus, cause: Option<Box<Cause>>, call: Judging<T> },
    Waits(Waits<'a, T>),
    Over,
}

impl<'a, T: Tool> CallFuture<'a, T> {
    /// The future of a call, in a handler of the event that is its cause, if there is one.
    #[inline]
    pub(crate) fn new(bus: &'a Bus, cause: Option<Box<Cause>>, call: Judging<T>) -> Self {
        Self(State::New { bus, cause, call })
    }
}

impl<T: Tool> Future for CallFuture<'_, T> {
    type Output = Result<T::Output, ToolError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if let State::New { .. } = self.0
            && let State::New { bus, cause, call } = std::mem::replace(&mut self.0, State::Over)
        {
            match begun(bus, cause, call) {
                Ok(result) => return Poll::Ready(result),
                Err(waits) => self.0 = State::Waits(waits),
            }
        }
        let State::Waits(waits) = &mut self.0 else { panic!("the call of a tool was polled after its end") };
        waits.as_mut().poll(cx)
    }
}

/// Nothing in it is pinned.
impl<T: Tool> Unpin for CallFuture<'_, T> {}

type Waits<'a, T> = Pin<Box<dyn Future<Output = Result<<T as Tool>::Output, ToolError>> + Send + 'a>>;

/// The result of a call, or what has to be waited for.
#[inline]
fn begun<T: Tool>(
    bus: &Bus,
    cause: Option<Box<Cause>>,
    call: Judging<T>,
) -> Result<Result<T::Output, ToolError>, Waits<'_, T>> {
    if cause.is_none() && bus.is_closed() {
        return Ok(Err(ToolError::Closed));
    }
    let toolbox = Toolbox::of(bus);
    let bound = match toolbox.bound::<T>() {
        Ok(bound) => bound,
        Err(error) => return Ok(Err(error)),
    };
    if toolbox.is_steered && is_in_no_run(cause.as_deref()) {
        return Err(in_no_run(bus, toolbox, bound, cause, call));
    }
    let observer = Observer::new(bus, bound.has_untyped_after);
    if bound.needs_event || observer.is_any_taken() {
        return Err(rest(bus, toolbox, bound, cause, At::Start(call), observer));
    }
    let dispatch = toolbox.dispatch_nothing(bus);
    let flow =
        Flow { bus, toolbox, bound, dispatch: &dispatch, event: &toolbox.nothing, observer: &observer };
    match flow.at_once(call) {
        Ok(result) => Ok(result),
        Err(at) => Err(rest(bus, toolbox, bound, cause, *at, observer)),
    }
}

/// The rest of a call, which has to be waited for. A function of its own, so that a call that need not be waited for takes no
/// room for it on the stack.
#[cold]
#[inline(never)]
fn rest<'a, T: Tool>(
    bus: &'a Bus,
    toolbox: &'a Toolbox,
    bound: &'a Bound<T>,
    cause: Option<Box<Cause>>,
    at: At<T>,
    observer: Observer<'a>,
) -> Waits<'a, T> {
    Box::pin(waited(bus, toolbox, bound, cause, at, observer))
}

/// A call that those who cancel the bus have to find.
#[cold]
#[inline(never)]
fn in_no_run<'a, T: Tool>(
    bus: &'a Bus,
    toolbox: &'a Toolbox,
    bound: &'a Bound<T>,
    cause: Option<Box<Cause>>,
    call: Judging<T>,
) -> Waits<'a, T> {
    Box::pin(steered(bus, toolbox, bound, cause, At::Start(call)))
}

/// Waits for the rest of a call.
async fn waited<T: Tool>(
    bus: &Bus,
    toolbox: &Toolbox,
    bound: &Bound<T>,
    cause: Option<Box<Cause>>,
    at: At<T>,
    observer: Observer<'_>,
) -> Result<T::Output, ToolError> {
    let stage = if bound.needs_event {
        in_event(bus, toolbox, bound, cause.as_deref(), at, true).await
    } else {
        let dispatch = toolbox.dispatch_nothing(bus);
        let (event, observer) = (&toolbox.nothing, &observer);
        let flow = Flow { bus, toolbox, bound, dispatch: &dispatch, event, observer };
        flow.caught(flow.finish(at, true)).await
    };
    match stage {
        Stage::Done(done) => done,
        Stage::Waits(waiting) => Box::pin(waiting.end::<T>(bus)).await,
    }
}
