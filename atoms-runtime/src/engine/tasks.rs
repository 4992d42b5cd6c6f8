//! The tasks that a bus owns.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::runtime::Handle;
use tokio::task::JoinSet;

use crate::handler::DetachError;

/// The tasks of the detached handlers that are running, and of what else is detached.
#[derive(Debug)]
pub(crate) struct Tasks {
    limit: usize,
    running: Mutex<JoinSet<()>>,
    closed: AtomicBool,
}

impl Tasks {
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, running: Mutex::default(), closed: AtomicBool::new(false) }
    }

    fn lock(&self) -> MutexGuard<'_, JoinSet<()>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Spawns what `task` makes in this runtime, if there is room for it.
    pub(crate) fn spawn<F: Future<Output = ()> + Send + 'static>(
        &self,
        task: impl FnOnce() -> F,
    ) -> Result<(), DetachError> {
        if self.is_closed() {
            return Err(DetachError::Closed);
        }
        let runtime = Handle::try_current().map_err(|_| DetachError::NoRuntime)?;
        let mut running = self.lock();
        while running.try_join_next().is_some() {}
        if running.len() >= self.limit {
            return Err(DetachError::TooMany { limit: self.limit });
        }
        running.spawn_on(task(), &runtime);
        Ok(())
    }

    /// Whether no more are taken.
    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Relaxed)
    }

    /// Takes no more.
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::Relaxed);
    }

    /// Ends all that are running, at their next await, and takes no more.
    pub(crate) fn abort(&self) {
        self.close();
        self.lock().abort_all();
    }
}
