//! Calls the function of a tool.

use std::error::Error;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use atoms_runtime::{SyncDelivery, panic_message};
use futures_util::FutureExt;

use super::before::within;
use super::run::Flow;
use crate::call::{CallHead, ToolError};
use crate::tool::{NotRun, RunFunction, RunSync, Tool};

impl<T: Tool> Flow<'_, '_, T> {
    /// Calls the function, when there is room for another call of it.
    pub(super) async fn run(&self, head: &CallHead, args: T::Args) -> Result<T::Output, ToolError> {
        let _room = match &self.bound.room {
            Some(room) => Some(room.acquire().await.map_err(|_| ToolError::Closed)?),
            None => None,
        };
        match &self.bound.function {
            RunFunction::Sync(function) => self.run_sync(&**function, args),
            RunFunction::Lent(function) => {
                Box::pin(self.run_lent(Arc::clone(function), head.id().clone(), args)).await
            }
            RunFunction::Async(function) => {
                let delivery = self.dispatch.delivery(|| T::info().handler());
                let begun = catch_unwind(AssertUnwindSafe(|| function.run(args, &delivery)));
                let begun = begun.map_err(|panic| self.panicked(panic))?;
                let future = begun.map_err(|not_run| self.failed(not_run))?;
                let ran = AssertUnwindSafe(self.in_time(future)).catch_unwind().await;
                ran.map_err(|panic| self.panicked(panic))??.map_err(|not_run| self.failed(not_run))
            }
        }
    }

    #[inline]
    pub(super) fn run_sync(&self, function: &dyn RunSync<T>, args: T::Args) -> Result<T::Output, ToolError> {
        let delivery = self.dispatch.delivery(|| T::info().handler());
        let delivery = SyncDelivery::lending_nothing(&delivery);
        match catch_unwind(AssertUnwindSafe(|| function.run(args, &delivery))) {
            Ok(result) => result.map_err(|not_run| self.failed(not_run)),
            Err(panic) => Err(self.panicked(panic)),
        }
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
