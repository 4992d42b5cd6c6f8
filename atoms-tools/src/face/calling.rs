//! A call of a tool by its type.

use std::fmt;
use std::sync::Arc;

use atoms_control::Principal;
use atoms_runtime::{Bus, Cause};

use crate::call::ToolError;
use crate::caller::{Caller, Sender};
use crate::tool::Tool;
use crate::toolbox::{CallFuture, Judging};

/// A call that is about to be made; what the `call` of a tool returns. Await it.
///
/// It says who calls: by default, whoever the event is for in whose handler it is made. When it is dropped while it waits for
/// a person, the question stays open; the function and the hooks that run are stopped at their next await.
///
/// Once a [shutdown](Bus::shutdown) of the bus has begun, only handlers may call, and calls end that wait for a person. Other
/// calls that are under way go on, and are not waited for.
///
/// ```
/// use atoms::prelude::*;
///
/// #[tool]
/// fn refund(cents: u64) -> u64 {
///     cents
/// }
///
/// #[hook(before)]
/// fn only_for_managers(call: &mut Call<refund>) -> Verdict<refund> {
///     match call.principal() {
///         Some(principal) if principal.has_role("manager") => Verdict::Allow,
///         _ => Verdict::deny("ask a manager to do it"),
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let bus = Bus::builder().without_discovery().tool::<refund>().tool_hook::<only_for_managers>().start()?;
/// let ada = Principal::new("ada").role("manager"); // as the server knows her, and not as a client says
/// refund::call(&bus, RefundArgs { cents: 5 }).sender("aiagents.Main").principal(&ada).await?;
/// assert!(refund::call(&bus, RefundArgs { cents: 5 }).await.unwrap_err().is_denied());
/// # Ok(())
/// # }
/// ```
#[must_use = "no tool is called unless this is awaited"]
pub struct ToolCalling<M> {
    /// In a box, since it is seldom said, and the call is moved.
    said: Option<Box<Caller>>,
    make: M,
}

impl<M> ToolCalling<M> {
    /// Says which agent calls.
    pub fn sender(mut self, sender: impl Into<Sender>) -> Self {
        self.said.get_or_insert_default().sender = Some(sender.into());
        self
    }

    /// Says for whom it calls.
    pub fn principal(mut self, principal: &Principal) -> Self {
        self.said.get_or_insert_default().principal = Some(principal.clone());
        self
    }
}

/// What makes the future of a call: a function of the crate's own, whose type an expansion of `#[tool]` cannot name.
pub trait Called {
    /// What the call comes to.
    type Output;
    /// The future.
    type Future: Future<Output = Self::Output> + Send;

    /// Makes the future of a call, of which this is said of who makes it.
    fn called(self, said: Said) -> Self::Future;
}

/// What is said of who makes a call.
#[derive(Debug)]
pub struct Said(Option<Box<Caller>>);

impl<M: FnOnce(Said) -> F, F: Future + Send> Called for M {
    type Output = F::Output;
    type Future = F;

    #[inline]
    fn called(self, said: Said) -> F {
        self(said)
    }
}

/// Calls the tool `T`: what the `call` of each tool does.
#[inline]
pub fn calling<T: Tool>(
    bus: &Bus,
    args: T::Args,
) -> ToolCalling<impl Called<Output = Result<T::Output, ToolError>> + Send + use<'_, T>> {
    ToolCalling {
        said: None,
        make: move |Said(said): Said| {
            // Known here, and not where it is polled first: that may be in a task.
            let (cause, caller) = caller(bus, said);
            CallFuture::<T>::new(bus, cause, Judging::new(args, caller))
        },
    }
}

impl<M: Called> IntoFuture for ToolCalling<M> {
    type Output = M::Output;
    type IntoFuture = M::Future;

    #[inline]
    fn into_future(self) -> M::Future {
        self.make.called(Said(self.said))
    }
}

impl<M> fmt::Debug for ToolCalling<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ToolCalling").field("said", &self.said).finish_non_exhaustive()
    }
}

/// Who makes a call on this thread now.
#[inline]
pub(super) fn caller(bus: &Bus, said: Option<Box<Caller>>) -> (Option<Box<Cause>>, Option<Arc<Caller>>) {
    let cause = Cause::current_on(bus);
    let caller = Caller::of(cause.as_ref(), said);
    (cause.map(Box::new), caller)
}
