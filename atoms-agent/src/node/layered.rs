//! The methods of nodes, with the layers of the bus around them.

use std::any::Any;
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::pin::Pin;

use atoms_runtime::{Delivery, Dispatch, FailureKind, HandlerCall, NotDone, Outcome, Params};
use futures_util::FutureExt;

use super::method::{Ran, Run};

/// Runs a method with the layers of the bus around it.
pub(super) async fn layered<'a, N: Send, H: Run<N>>(
    node: &'a mut N,
    prepared: &'a <H::Params as Params>::Prepared,
    dispatch: &'a Dispatch<'a>,
) -> Ran {
    let mut calling = Calling::<N, H> { node, prepared, is_told: false, panic: None };
    let outcome = dispatch.call(H::info, &mut calling).await;
    if let Some(panic) = calling.panic {
        // Whatever the layers return, the node's state may be broken.
        resume_unwind(panic);
    }
    match outcome.map_err(|not_done| *not_done) {
        Err(NotDone::Failed { kind, .. }) if calling.is_told => Ran::Told(kind.into_error()),
        Err(NotDone::Failed { kind, .. }) => Ran::Failed(kind.into_error()),
        Ok(()) | Err(_) => Ran::Done,
    }
}

/// One call of a method.
struct Calling<'a, N, H: Run<N>> {
    node: &'a mut N,
    prepared: &'a <H::Params as Params>::Prepared,
    /// Whether the client knows that it failed.
    is_told: bool,
    panic: Option<Box<dyn Any + Send>>,
}

impl<N: Send, H: Run<N>> HandlerCall for Calling<'_, N, H> {
    fn call<'a>(&'a mut self, delivery: Delivery<'a>) -> Pin<Box<dyn Future<Output = Outcome> + Send + 'a>> {
        Box::pin(async move {
            let ran = AssertUnwindSafe(H::run(self.node, self.prepared, delivery)).catch_unwind().await;
            self.is_told = matches!(ran, Ok(Ran::Told(_)));
            match ran {
                Ok(Ran::Done) => Ok(()),
                Ok(Ran::Failed(error) | Ran::Told(error)) => {
                    // A time-out is one to the layers, too.
                    let kind = error.downcast().map_or_else(FailureKind::Error, |kind| *kind);
                    Err(kind.into())
                }
                Err(panic) => {
                    self.panic = Some(panic);
                    Err(FailureKind::Panic("the node is made anew".into()).into())
                }
            }
        })
    }
}
