//! Functions that take a value that layers lend to sync handlers, such as a transaction. Each is called in a delivery to a
//! handler, so that the layers of the bus are around it.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use atoms_runtime::{
    Envelope, EventId, ExtractError, FromSyncDelivery, PrepareError, RequestError, StartContext,
    SyncDelivery, handler, request,
};

use super::run::Flow;
use crate::call::ToolError;
use crate::tool::{NotRun, RunSync, Tool};

/// The request that calls a function. One that was read from a frame has no function.
#[request(type = "atoms.tool.run_lent", reply = (), framework, crate = atoms_runtime)]
pub(crate) struct RunLent {
    #[serde(skip)]
    job: Option<Job>,
}

/// A function that is to be called once.
#[derive(Clone)]
pub(crate) struct Job(Arc<dyn RunJob>);

pub(crate) trait RunJob: Send + Sync {
    /// Calls the function. Its error is returned to the layers, and kept for the caller.
    fn run<'d>(&'d self, delivery: &SyncDelivery<'d>) -> Result<(), String>;
}

struct Call<T: Tool> {
    function: Arc<dyn RunSync<T>>,
    state: Mutex<State<T>>,
}

enum State<T: Tool> {
    New(T::Args),
    Called(std::thread::Result<Result<T::Output, NotRun>>),
    /// The function is running, or its result was taken.
    Empty,
}

impl<T: Tool> Call<T> {
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn replace(&self, state: State<T>) -> State<T> {
        std::mem::replace(&mut *self.lock(), state)
    }
}

impl<T: Tool> RunJob for Call<T> {
    fn run<'d>(&'d self, delivery: &SyncDelivery<'d>) -> Result<(), String> {
        let State::New(args) = self.replace(State::Empty) else { return Err("it was called before".into()) };
        let called = catch_unwind(AssertUnwindSafe(|| self.function.run(args, delivery)));
        let problem = match &called {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(_)) => Err("the function of the tool failed".into()),
            Err(_) => Err("the function of the tool panicked".into()),
        };
        self.replace(State::Called(called));
        problem
    }
}

impl fmt::Debug for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Job")
    }
}

/// Who has called the function, while the layers are around it.
pub(crate) struct InDelivery;

impl FromSyncDelivery for InDelivery {
    type Prepared = ();
    type Extracted<'d> = Self;

    fn prepare(_: &StartContext<'_>) -> Result<(), PrepareError> {
        Ok(())
    }

    fn from_delivery<'d>((): &'d (), delivery: &SyncDelivery<'d>) -> Result<Self, ExtractError> {
        let asked = delivery.any().downcast_ref::<RunLent>();
        let job = asked.and_then(|asked| asked.event().job.as_ref());
        let job = job.ok_or_else(|| ExtractError::new("a frame cannot call a tool: call it by its name"))?;
        job.0.run(delivery).map(|()| Self).map_err(ExtractError::new)
    }
}

/// Calls the function of a tool.
#[handler(id = "atoms.tool.run_lent", crate = atoms_runtime)]
pub(crate) fn run_lent(_: &RunLent, _: InDelivery) {}

impl<T: Tool> Flow<'_, '_, T> {
    /// Calls a function that takes a value that a layer lends. If a layer fails afterwards, such as a transaction that is not
    /// committed, the call fails as well.
    ///
    /// The request has the id of the call. So a store that knows the events that it has committed commits a call once, even
    /// if another process makes it again.
    pub(super) async fn run_lent(
        &self,
        function: Arc<dyn RunSync<T>>,
        id: EventId,
        args: T::Args,
    ) -> Result<T::Output, ToolError> {
        let tool = self.tool();
        let call = Arc::new(Call::<T> { function, state: Mutex::new(State::New(args)) });
        let request = Envelope::new(RunLent { job: Some(Job(Arc::clone(&call) as _)) }).with_id(id);
        let asked = self.bus.request(request).await;
        match (call.replace(State::Empty), asked) {
            (State::Called(Ok(Ok(output))), Ok(())) => Ok(output),
            (State::Called(Ok(Err(not_run))), _) => Err(self.failed(not_run)),
            (State::Called(Err(panic)), _) => Err(self.panicked(panic)),
            // A layer that knows that the call was committed does not call it again, so no handler replies.
            (State::New(_), Err(RequestError::Unanswered { .. })) => Err(ToolError::Repeated { tool }),
            (_, Err(error)) => Err(ToolError::Failed { tool, cause: Arc::new(error) }),
            (_, Ok(())) => Err(ToolError::Repeated { tool }),
        }
    }
}
