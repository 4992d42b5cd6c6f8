//! Calls the function of a tool.

use std::error::Error;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use atoms_runtime::panic_message;
use futures_util::FutureExt;

use super::before::within;
use super::run::Flow;
use crate::call::{CallHead, ToolError};
use crate::tool::{NotRun, Ran, Tool};

impl<T: Tool> Flow<'_, '_, T> {
    /// Calls the function, when there is room for another call of it.
    #[inline]
    pub(super) async fn run(&self, head: &CallHead, args: T::Args) -> Result<T::Output, ToolError> {
        let _room = match &self.bound.room {
            Some(room) => Some(Box::pin(room.acquire()).await.map_err(|_| ToolError::Closed)?),
            None => None,
        };
        if self.bound.is_lent {
            return Box::pin(self.run_lent(head.id(), args)).await;
        }
        let delivery = self.dispatch.delivery(|| T::info().handler());
        let function = &self.bound.function;
        let result = match catch_unwind(AssertUnwindSafe(|| function.run(args, delivery))) {
            Ok(Ran::Ready(result)) => result,
            Ok(Ran::Pending(future)) => {
                // In a box, so that a call that does not wait needs no room for it.
                let waited = Box::pin(AssertUnwindSafe(self.in_time(future)).catch_unwind());
                match waited.await {
                    Ok(in_time) => in_time?,
                    Err(panic) => return Err(self.panicked(panic)),
                }
            }
            Err(panic) => return Err(self.panicked(panic)),
        };
        result.map_err(|not_run| self.failed(not_run))
    }

    /// Waits for the function. Fails if it takes too long.
    async fn in_time<O>(&self, function: impl Future<Output = O>) -> Result<O, ToolError> {
        match T::info().time_limit() {
            None => Ok(function.await),
            Some(limit) => {
                let tool = self.tool();
                within(limit, function).await.ok_or(ToolError::TimedOut { tool, limit })
            }
        }
    }

    #[cold]
    pub(super) fn failed(&self, not_run: NotRun) -> ToolError {
        let cause: Arc<dyn Error + Send + Sync> = match not_run {
            NotRun::Extract(error) => Arc::new(error),
            NotRun::Failed(error) => error.into(),
        };
        ToolError::Failed { tool: self.tool(), cause }
    }

    #[cold]
    pub(super) fn panicked(&self, panic: Box<dyn std::any::Any + Send>) -> ToolError {
        ToolError::Panicked { tool: self.tool(), message: panic_message(panic) }
    }
}
