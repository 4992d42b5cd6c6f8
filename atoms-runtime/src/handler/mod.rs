//! Handlers: what `#[handler]` makes of a function, and what a handler may take and return.

mod configured;
pub mod constant;
mod delivery;
mod emitter;
mod failure;
mod info;
mod input;
mod not_in_set;
mod options;
mod outlet;
mod output;
mod parameters;
mod refusal;
mod reply;
mod retry;
pub mod set;
mod state;
mod sync;

use std::future::Future;

use crate::event::HandlerSymbol;

pub use configured::HandlerOptions;
pub(crate) use delivery::Caller;
pub use delivery::Delivery;
pub use emitter::{Declares, Emitter, EventSet, In, Nothing};
pub use failure::{DetachError, FailureKind, Recipient};
pub use info::{HandlerInfo, Place};
pub use input::Input;
pub use not_in_set::NotInSet;
pub use outlet::{EmitOutcome, Emitting, Outlet};
pub use output::{Emissions, HandlerError, Output};
pub use parameters::{
    ExtractError, FromDelivery, HandlerParam, Parameters, Params, PrepareError, SyncHandlerParam,
};
pub(crate) use refusal::UNNAMED;
pub use refusal::{Refusal, Veto};
pub use reply::{AnsweredBy, Declared, Returned, Returns, Taken, Undeclared, Untaken};
pub use retry::{AlwaysRetry, Backoff, Fallible, Judge, Retries, Retry, Retryable};
pub(crate) use state::States;
pub use state::{MissingState, Shared, StartContext, State};
pub use sync::{FromSyncDelivery, Optional, SyncDelivery, SyncParams};

/// A type that stands for a `#[handler]` function, and has the function's name.
///
/// ```
/// use atoms::{Handler, event, handler};
///
/// #[event(type = "shop.order.created")]
/// struct OrderCreated;
///
/// #[handler]
/// fn confirm(_: &OrderCreated) {}
///
/// assert!(<confirm as Handler>::info().path().ends_with("::confirm"));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a handler",
    label = "not a handler",
    note = "put `#[handler]` on the function that takes the event, and name that function: `.handler::<function>()`"
)]
pub trait Handler: 'static {
    /// Returns the description of this handler.
    fn info() -> &'static HandlerInfo;
}

/// A handler whose function is not `async`. If something around it has to wait, as `retry` does, it runs among the
/// async ones.
pub trait SyncHandler: 'static {
    /// The type that has the name of the function.
    type Named: Handler + HandlerSymbol;
    /// The type of the first parameter, without its `&`.
    type Input: Input;
    /// The further parameters.
    type Params: SyncParams;
    /// The type that the function returns.
    type Output;

    /// Returns whether the handler takes this event, as its `when` decides.
    #[doc(hidden)]
    #[inline(always)]
    fn accepts(_input: &Self::Input) -> bool {
        true
    }

    /// Emits the events that the function returned, or hands over the reply.
    #[doc(hidden)]
    fn finish(output: Self::Output, delivery: &Delivery<'_>) -> Result<(), HandlerError>;

    /// What is known of what the function returns.
    #[doc(hidden)]
    const RETURNED: Returned;

    /// Calls the function.
    fn call(input: &Self::Input, params: <Self::Params as SyncParams>::Values<'_>) -> Self::Output;
}

/// A handler whose function is `async`.
pub trait AsyncHandler: 'static {
    /// The type that has the name of the function.
    type Named: Handler + HandlerSymbol;
    /// The type of the first parameter, without its `&`.
    type Input: Input;
    /// The further parameters.
    type Params: Params;
    /// The type that the function returns, when awaited.
    type Output;

    /// Returns whether the handler takes this event, as its `when` decides.
    #[doc(hidden)]
    #[inline(always)]
    fn accepts(_input: &Self::Input) -> bool {
        true
    }

    /// Emits the events that the function returned, or hands over the reply.
    #[doc(hidden)]
    fn finish(output: Self::Output, delivery: &Delivery<'_>) -> Result<(), HandlerError>;

    /// What is known of what the function returns.
    #[doc(hidden)]
    const RETURNED: Returned;

    /// Calls the function.
    fn call<'a>(
        input: &'a Self::Input,
        params: <Self::Params as Params>::Values,
    ) -> impl Future<Output = Self::Output> + Send + 'a;
}
