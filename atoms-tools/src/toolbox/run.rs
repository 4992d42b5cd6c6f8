//! The path of all calls.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;

use atoms_control::Principal;
use atoms_runtime::{AnyEvent, Bus, Carried, Cause, Dispatch, Envelope, Outlet, Stored};
use serde_json::Value;

use super::Toolbox;
use super::any_bound::schema;
use super::approval::{Approved, Due};
use super::before::{Judged, Judging};
use super::bound::Bound;
use super::observe::Observer;
use super::outlet::CallOutlet;
use super::waiters::Waiter;
use crate::call::{Call, CallHead, CallOutcome, ToolError};
use crate::caller::Caller;
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

/// A call that will be made.
pub(crate) struct NewCall<T: Tool> {
    pub(crate) args: T::Args,
    /// The arguments as JSON, if they came as JSON, and were checked.
    pub(crate) json: Option<Value>,
    pub(crate) head: CallHead,
    /// What people have approved already.
    pub(crate) approved: Option<Approved>,
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

impl<T: Tool> NewCall<T> {
    #[inline]
    pub(crate) fn new(args: T::Args, json: Option<Value>, caller: Option<Arc<Caller>>) -> Self {
        Self { args, json, head: CallHead::new(T::info(), caller), approved: None }
    }
}

/// Where a call starts or is resumed.
pub(super) enum Mode {
    /// At its beginning. The caller waits for its end.
    Called,
    /// At the hooks before it, since it was approved.
    Resumed,
    /// At the hooks after it, since it was not approved.
    Denied(ToolError),
}

/// What the steps of one call share.
pub(super) struct Flow<'f, 'a, T: Tool> {
    pub(super) bus: &'f Bus,
    pub(super) toolbox: &'a Toolbox,
    pub(super) bound: &'f Bound<T>,
    pub(super) dispatch: Dispatch<'f>,
    pub(super) event: &'f AnyEvent,
    pub(super) observer: Observer<'f>,
}

/// How far a call has come.
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

/// Makes a call, and waits for its end.
pub(crate) async fn call<T: Tool>(
    bus: &Bus,
    cause: Option<Cause>,
    call: NewCall<T>,
) -> Result<T::Output, ToolError> {
    if cause.is_none() && bus.is_closed() {
        return Err(ToolError::Closed);
    }
    let toolbox = Toolbox::of(bus);
    let bound = toolbox.bound::<T>()?;
    let stage = if bound.needs_event {
        Box::pin(in_event(bus, toolbox, bound, cause, call, Mode::Called)).await
    } else {
        let dispatch = Dispatch::new(&toolbox.nothing, bus, &toolbox.nowhere);
        let observer = Observer::new(bus, bound.has_untyped_after);
        let flow = Flow { bus, toolbox, bound, dispatch, event: &toolbox.nothing, observer };
        let stages = pin!(flow.stages(call, Mode::Called));
        flow.caught(stages).await
    };
    match stage {
        Stage::Done(done) => done,
        Stage::Waits(waiting) => Box::pin(waiting.end::<T>()).await,
    }
}

/// Takes a call through its steps, until it is done or waits for a person. Its events are delivered meanwhile.
pub(super) async fn in_event<'a, T: Tool>(
    bus: &Bus,
    toolbox: &'a Toolbox,
    bound: &Bound<T>,
    cause: Option<Cause>,
    call: NewCall<T>,
    mode: Mode,
) -> Stage<'a, T> {
    let depth = Depth::behind(cause.as_ref());
    if depth.calls > MOST_NESTED {
        return Stage::Done(Err(ToolError::TooDeep { tool: T::info().name(), limit: MOST_NESTED }));
    }
    let event = invoked(cause.as_ref(), &call.head, depth);
    let calls = Arc::new(CallOutlet::new(bus, &event));
    let outlet: Arc<dyn Outlet> = Arc::clone(&calls) as _;
    let dispatch = Dispatch::new(&event, bus, &outlet);
    let observer = Observer::new(bus, bound.has_untyped_after);
    let flow = Flow { bus, toolbox, bound, dispatch, event: &event, observer };
    let stages = pin!(flow.stages(call, mode));
    calls.drive(bus, &event, flow.caught(stages)).await
}

/// The event of a call, from which parameters are extracted. It carries the caller, and follows from the event in whose
/// handler the call is made.
fn invoked(cause: Option<&Cause>, head: &CallHead, depth: Depth) -> AnyEvent {
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
    envelope.into()
}

impl<'a, T: Tool> Flow<'_, 'a, T> {
    pub(super) fn tool(&self) -> &'static str {
        T::info().name()
    }

    /// Polls the steps of a call where they are: to move them takes longer than most of them. A panic outside of hooks and
    /// functions, such as in a `Clone`, stops the call.
    #[inline]
    fn caught(
        &self,
        mut stages: Pin<&mut impl Future<Output = Stage<'a, T>>>,
    ) -> impl Future<Output = Stage<'a, T>> {
        poll_fn(move |cx| {
            catch_unwind(AssertUnwindSafe(|| stages.as_mut().poll(cx)))
                .unwrap_or_else(|panic| Poll::Ready(Stage::Done(Err(self.panicked(panic)))))
        })
    }

    /// The steps of a call: hooks before it, a question to a person, the function, hooks after it. They are the same for all
    /// callers.
    async fn stages(&self, new: NewCall<T>, mode: Mode) -> Stage<'a, T> {
        let is_waited_for = match mode {
            Mode::Called => true,
            Mode::Resumed => false,
            Mode::Denied(error) => return Stage::Done(Box::pin(self.deny(new, error)).await),
        };
        let NewCall { args, json, head, approved } = new;
        let is_checked = json.is_some() || approved.is_some();
        let mut judging = Judging::new(Call::<T>::new(head, args), json);
        if !is_checked
            && self.bound.is_constrained
            && let Err(error) = self.check(&mut judging)
        {
            self.observer.ended(&judging.call.head, CallOutcome::Ran, Some(&error)).await;
            return Stage::Done(Err(error));
        }
        if approved.is_none() && self.observer.is_started_taken() {
            Box::pin(self.tell_of_start(&mut judging)).await;
        }
        let judged = match self.judge(&mut judging).await {
            Judged::Passed(asked) if self.asks_nobody(&asked, approved.as_ref()) => Judged::Passed(asked),
            Judged::Passed(asked) => match Box::pin(self.due(&mut judging, asked, approved)).await {
                Due::Nothing => Judged::Passed(Vec::new()),
                Due::Stopped(error) => Judged::Stopped(error),
                Due::Ask(asking) => {
                    match Box::pin(self.ask(&judging.call.head, *asking, is_waited_for)).await {
                        Ok(waiting) => return Stage::Waits(waiting),
                        Err(error) => Judged::Stopped(error),
                    }
                }
            },
            decided => decided,
        };
        Stage::Done(self.conclude(judging, judged).await)
    }

    /// Calls the function, if the call was not denied or replaced, and then the hooks after it.
    #[inline]
    async fn conclude(&self, judging: Judging<T>, judged: Judged<T>) -> Result<T::Output, ToolError> {
        let mut judging = judging;
        let json = if self.bound.has_untyped_after { judging.json().cloned() } else { Ok(Value::Null) };
        let (call, _) = judging.into_parts();
        let (head, args) = (call.head, call.args.into_inner());
        let kept = if self.bound.after.is_empty() { None } else { Some((args.clone(), json)) };
        let (outcome, result) = match judged {
            Judged::Passed(_) => (CallOutcome::Ran, self.run(&head, args).await),
            Judged::Replaced(output) => (CallOutcome::Replaced, Ok(output)),
            Judged::Stopped(error) => (CallOutcome::Denied, Err(error)),
        };
        let (head, result) = match kept {
            None => (head, result),
            Some((args, json)) => self.after(head, args, json, outcome, result).await,
        };
        self.observer.ended(&head, outcome, result.as_ref().err()).await;
        result
    }

    #[cold]
    fn check(&self, judging: &mut Judging<T>) -> Result<(), ToolError> {
        let tool = self.tool();
        let json = judging.json().map_err(|problem| ToolError::NotReady { tool, problem })?;
        schema::<T>()?.check(json).map_err(|problems| ToolError::InvalidArguments { tool, problems })
    }

    async fn tell_of_start(&self, judging: &mut Judging<T>) {
        let masked = match (judging.json(), T::info().arguments_schema()) {
            (Ok(json), Ok(schema)) => schema.masked(json),
            _ => Value::Null,
        };
        self.observer.started(&judging.call.head, masked).await;
    }

    /// Ends a call that was not approved.
    async fn deny(&self, new: NewCall<T>, error: ToolError) -> Result<T::Output, ToolError> {
        let judging = Judging::new(Call::new(new.head, new.args), new.json);
        self.conclude(judging, Judged::Stopped(error)).await
    }
}
