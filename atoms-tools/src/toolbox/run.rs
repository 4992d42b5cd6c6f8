//! The path of all calls.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;

use atoms_control::Principal;
use atoms_runtime::{AnyEvent, Bus, Carried, Cause, Dispatch, Envelope, Outlet, Stored};
use futures_util::FutureExt;
use serde_json::Value;

use super::Toolbox;
use super::after::{Kept, Seen};
use super::any_bound::schema;
use super::approval::Due;
use super::bound::Bound;
use super::judging::{Judged, Judging};
use super::observe::Observer;
use super::outlet::CallOutlet;
use super::waiters::Waiter;
use crate::call::{Call, CallHead, CallOutcome, ToolError};
use crate::events::ToolInvoked;
use crate::tool::Tool;

/// How deep calls may be nested, each made by the function or a hook of the one around it, on a stack of 2 MiB. In a debug
/// build, a call takes up to 80 KiB.
const MOST_NESTED: u32 = 16;

/// How deep a call is nested, given its place among the events that wait for each other.
struct Depth {
    calls: u32,
    place: u32,
}

impl Carried for Depth {
    const STORED: Option<Stored<Self>> = None;
}

impl Depth {
    /// The depth of a call to which this event leads. It starts again with an event that nothing waits for, such as a posted
    /// one.
    fn behind(cause: Option<&Cause>) -> Self {
        let Some(cause) = cause else { return Self { calls: 1, place: 0 } };
        let around = cause.carried::<Self>().filter(|around| around.place <= cause.nested());
        Self { calls: 1 + around.map_or(0, |around| around.calls), place: cause.nested() + 1 }
    }
}

/// How far a call has come. What it is at has to be waited for, or has not begun.
pub(super) enum At<T: Tool> {
    Start(Judging<T>),
    /// The hooks before it, or one of them.
    Before(Judging<T>),
    /// A question to a person, if one is needed.
    Judged(Judging<T>, Judged<T>),
    /// The function. The hooks after it need what is kept.
    Function {
        head: CallHead,
        args: T::Args,
        kept: Option<Kept<T>>,
    },
    /// The hooks after it, or one of them.
    After(Seen<T>),
    /// The events that tell of its end.
    Ended(Ended<T>),
}

/// A call after all its hooks.
pub(super) struct Ended<T: Tool> {
    pub(super) head: CallHead,
    pub(super) outcome: CallOutcome,
    pub(super) result: Result<T::Output, ToolError>,
}

/// What the steps of one call share.
pub(super) struct Flow<'f, 'a, T: Tool> {
    pub(super) bus: &'f Bus,
    pub(super) toolbox: &'a Toolbox,
    pub(super) bound: &'f Bound<T>,
    pub(super) dispatch: &'f Dispatch<'f>,
    pub(super) event: &'f AnyEvent,
    pub(super) observer: &'f Observer<'f>,
}

/// What a call has come to.
pub(super) enum Stage<'a, T: Tool> {
    Done(Result<T::Output, ToolError>),
    /// A person was asked. The answer comes as an event, whose handler resumes the call.
    Waits(Waiting<'a>),
}

/// What a caller waits for.
pub(super) struct Waiting<'a> {
    pub(super) end: Option<Waiter<'a>>,
    /// Cancels the question when it is dropped, if the question asks for that.
    pub(super) question: atoms_control::Opened<atoms_control::Decision>,
}

/// Takes a call through its steps, until it is done or waits for a person. Its events are delivered meanwhile.
pub(super) async fn in_event<'a, T: Tool>(
    bus: &Bus,
    toolbox: &'a Toolbox,
    bound: &Bound<T>,
    cause: Option<&Cause>,
    at: At<T>,
    is_waited_for: bool,
) -> Stage<'a, T> {
    match invoked(cause, at.head()) {
        Ok(event) => in_this(bus, toolbox, bound, &event, at, is_waited_for).await,
        Err(error) => Stage::Done(Err(error)),
    }
}

/// The same, of a call whose event this is.
pub(super) async fn in_this<'a, T: Tool>(
    bus: &Bus,
    toolbox: &'a Toolbox,
    bound: &Bound<T>,
    event: &AnyEvent,
    at: At<T>,
    is_waited_for: bool,
) -> Stage<'a, T> {
    let calls = Arc::new(CallOutlet::new(bus, event));
    let outlet: Arc<dyn Outlet> = Arc::clone(&calls) as _;
    let dispatch = Dispatch::new(event, bus, &outlet);
    let observer = Observer::new(bus, bound.has_untyped_after);
    let flow = Flow { bus, toolbox, bound, dispatch: &dispatch, event, observer: &observer };
    let steps = pin!(flow.caught(flow.finish(at, is_waited_for)));
    calls.drive(bus, event, steps).await
}

/// The event of a call, from which parameters are extracted. It carries the caller, and follows from the event in whose
/// handler the call is made. Fails if calls are nested too deep.
pub(super) fn invoked(cause: Option<&Cause>, head: &CallHead) -> Result<AnyEvent, ToolError> {
    let depth = Depth::behind(cause);
    if depth.calls > MOST_NESTED {
        return Err(ToolError::TooDeep { tool: head.tool.name(), limit: MOST_NESTED });
    }
    let mut envelope = Envelope::new(ToolInvoked { tool: head.tool.name().into() }).carry(depth);
    if let Some(sender) = head.sender() {
        envelope = envelope.carry(sender.clone());
    }
    if let Some(principal) = head.principal() {
        envelope = envelope.carry::<Principal>(principal.clone());
    }
    if let Some(session) = head.session() {
        envelope.metadata_mut().set_session_id(session);
    }
    if let Some(cause) = cause {
        cause.wait_for(&mut envelope);
    }
    Ok(envelope.into())
}

impl<'a, T: Tool> Flow<'_, 'a, T> {
    pub(super) fn tool(&self) -> &'static str {
        T::info().name()
    }

    /// Waits for the steps of a call. A panic outside of hooks and functions, such as in a `Drop`, stops the call.
    pub(super) fn caught(
        &self,
        steps: impl Future<Output = Stage<'a, T>>,
    ) -> impl Future<Output = Stage<'a, T>> {
        let caught = AssertUnwindSafe(steps).catch_unwind();
        caught.map(|caught| caught.unwrap_or_else(|panic| Stage::Done(Err(self.panicked(panic)))))
    }

    /// Takes a new call of which nobody takes the events through its steps, up to its end, or to a step that has to be waited
    /// for.
    #[inline]
    pub(super) fn at_once(
        &self,
        mut judging: Judging<T>,
    ) -> Result<Result<T::Output, ToolError>, Box<At<T>>> {
        if let Err(error) = self.check_new(&mut judging) {
            return Ok(Err(error));
        }
        match self.judge_now(&mut judging) {
            Some(Judged::Passed) if self.asks_nobody(&judging) => self.call_now(judging),
            Some(judged) => Err(Box::new(At::Judged(judging, judged))),
            None => Err(Box::new(At::Before(judging))),
        }
    }

    /// Takes a call through the rest of its steps: hooks before it, a question to a person, the function, hooks after it. They
    /// are the same for all callers.
    pub(super) async fn finish(&self, mut at: At<T>, is_waited_for: bool) -> Stage<'a, T> {
        loop {
            at = match at {
                At::Start(mut judging) => match self.check_new(&mut judging) {
                    Ok(()) => {
                        Box::pin(self.tell_of_start(&mut judging)).await;
                        At::Before(judging)
                    }
                    Err(error) => At::Ended(judging.into_ended(CallOutcome::Ran, Err(error))),
                },
                At::Before(mut judging) => {
                    let judged = self.judge(&mut judging).await;
                    At::Judged(judging, judged)
                }
                At::Judged(mut judging, Judged::Passed) if !self.asks_nobody(&judging) => {
                    match self.approved(&mut judging, is_waited_for).await {
                        Ok(judged) => self.conclude(judging, judged),
                        Err(waiting) => return Stage::Waits(waiting),
                    }
                }
                At::Judged(judging, judged) => self.conclude(judging, judged),
                At::Function { head, args, kept } => {
                    let result = self.run(&head, args).await;
                    At::after(Ended { head, outcome: CallOutcome::Ran, result }, kept)
                }
                At::After(mut seen) => {
                    self.after(&mut seen).await;
                    At::Ended(seen.into_ended())
                }
                At::Ended(Ended { head, outcome, result }) => {
                    self.observer.ended(&head, outcome, result.as_ref().err()).await;
                    return Stage::Done(result);
                }
            }
        }
    }

    /// Asks a person, if one has to say yes.
    async fn approved(
        &self,
        judging: &mut Judging<T>,
        is_waited_for: bool,
    ) -> Result<Judged<T>, Waiting<'a>> {
        Ok(match Box::pin(self.due(judging)).await {
            Due::Nothing => Judged::Passed,
            Due::Stopped(error) => Judged::Stopped(error),
            Due::Ask(asking) => match Box::pin(self.ask(&judging.call.head, *asking, is_waited_for)).await {
                Ok(waiting) => return Err(waiting),
                Err(error) => Judged::Stopped(error),
            },
        })
    }

    /// Takes a call to its function, if it was not denied or replaced, or else to the hooks after it.
    fn conclude(&self, mut judging: Judging<T>, judged: Judged<T>) -> At<T> {
        let kept = match self.kept(&mut judging) {
            Ok(kept) => kept,
            Err(error) => return At::Ended(judging.into_ended(CallOutcome::Denied, Err(error))),
        };
        match judged {
            Judged::Passed => {
                let Call { head, args } = judging.call;
                At::Function { head, args: args.into_inner(), kept }
            }
            Judged::Replaced(output) => {
                At::after(judging.into_ended(CallOutcome::Replaced, Ok(output)), kept)
            }
            Judged::Stopped(error) => At::after(judging.into_ended(CallOutcome::Denied, Err(error)), kept),
        }
    }

    /// Calls the function and the hooks after it, if they need not be waited for.
    #[inline]
    fn call_now(&self, mut judging: Judging<T>) -> Result<Result<T::Output, ToolError>, Box<At<T>>> {
        let kept = match self.kept(&mut judging) {
            Ok(kept) => kept,
            Err(error) => return Ok(Err(error)),
        };
        let Call { head, args } = judging.call;
        let args = args.into_inner();
        let Some(function) = self.bound.at_once() else {
            return Err(Box::new(At::Function { head, args, kept }));
        };
        let Some(kept) = kept else { return Ok(self.run_sync(function, args)) };
        // The result is made where the hooks see it, since to move it takes longer than to make it.
        let mut seen = Seen::new(kept, head, CallOutcome::Ran, self.run_sync(function, args));
        if self.after_now(&mut seen) { Ok(seen.into_result()) } else { Err(Box::new(At::After(seen))) }
    }

    /// What the hooks after a call need, if there are any. Fails if the arguments' `Clone` panics.
    #[inline]
    fn kept(&self, judging: &mut Judging<T>) -> Result<Option<Kept<T>>, ToolError> {
        if self.bound.after.is_empty() {
            return Ok(None);
        }
        let json = if self.bound.has_untyped_after { judging.json().cloned() } else { Ok(Value::Null) };
        let args = catch_unwind(AssertUnwindSafe(|| T::Args::clone(&judging.call.args)));
        args.map(|args| Some((args, json))).map_err(|panic| self.panicked(panic))
    }

    /// Checks the arguments, if they were not checked before.
    fn check_new(&self, judging: &mut Judging<T>) -> Result<(), ToolError> {
        if judging.is_checked() || !self.bound.is_constrained {
            return Ok(());
        }
        let tool = self.tool();
        let json = judging.json().map_err(|problem| ToolError::NotReady { tool, problem })?;
        schema::<T>()?.check(json).map_err(|problems| ToolError::InvalidArguments { tool, problems })
    }

    async fn tell_of_start(&self, judging: &mut Judging<T>) {
        if judging.is_approved() || !self.observer.is_started_taken {
            return;
        }
        let masked = match (judging.json(), T::info().arguments_schema()) {
            (Ok(json), Ok(schema)) => schema.masked(json),
            _ => Value::Null,
        };
        self.observer.started(&judging.call.head, masked).await;
    }
}

impl<T: Tool> At<T> {
    /// After the function, or instead of it.
    fn after(ended: Ended<T>, kept: Option<Kept<T>>) -> Self {
        match kept {
            Some(kept) => Self::After(Seen::new(kept, ended.head, ended.outcome, ended.result)),
            None => Self::Ended(ended),
        }
    }

    pub(super) fn head(&self) -> &CallHead {
        match self {
            Self::Start(judging) | Self::Before(judging) | Self::Judged(judging, _) => &judging.call.head,
            Self::Function { head, .. } | Self::Ended(Ended { head, .. }) => head,
            Self::After(seen) => seen.head(),
        }
    }
}
