//! An extension, which installs the codec, the backlog and the layer.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use atoms::{Bus, BusBuilder, Entry, Extension, HandlerError, PostError};

use crate::{CloudEvents, Job, Journal, Pause, When};

/// Runs the jobs of a bus, whose posted events wait in a [`Journal`] as [`CloudEvents`].
pub struct Jobs {
    journal: Arc<Journal>,
    pause: Pause,
    /// Each job with those that run after it.
    chains: OnceLock<HashMap<&'static str, Vec<&'static Job>>>,
    has_ended: AtomicBool,
}

impl Jobs {
    /// The posted events are kept in this journal.
    pub fn new(journal: Arc<Journal>) -> Self {
        Self { journal, pause: Pause::default(), chains: OnceLock::new(), has_ended: AtomicBool::new(false) }
    }

    /// Holds the deliveries of the bus, and lets them go on.
    pub fn pause(&self) -> &Pause {
        &self.pause
    }

    /// Whether the bus has ended.
    pub fn has_ended(&self) -> bool {
        self.has_ended.load(Ordering::Relaxed)
    }

    /// The job of this name, and those that run after it.
    fn chain(&self, name: &str) -> &[&'static Job] {
        self.chains.get().and_then(|chains| chains.get(name)).map_or(&[], Vec::as_slice)
    }
}

impl Extension for Jobs {
    fn install(&self, bus: BusBuilder) -> BusBuilder {
        bus.codec(CloudEvents).backlog(self.journal.clone()).layer(self.pause.clone())
    }

    fn started(&self, bus: &Bus) -> Result<(), HandlerError> {
        let jobs = || bus.registry().entries::<Job>();
        let is_after = |job: &Job, name| matches!(job.when(), When::After(other) if other == name);
        let chains = jobs().map(|first| {
            let after = jobs().filter(|job| is_after(job, first.name()));
            (first.name(), [first].into_iter().chain(after).collect())
        });
        self.chains.set(chains.collect()).map_err(|_| "it is on another bus already".into())
    }

    fn ended(&self) {
        self.has_ended.store(true, Ordering::Relaxed);
    }
}

impl fmt::Debug for Jobs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Jobs").field("journal", &self.journal).finish_non_exhaustive()
    }
}

/// What a bus with [`Jobs`] can do.
pub trait RunJobs {
    /// Posts the events of a job, and of those that run after it; returns how many jobs these are.
    fn run_job(&self, name: &str) -> impl Future<Output = Result<usize, PostError>> + Send;
}

impl RunJobs for Bus {
    async fn run_job(&self, name: &str) -> Result<usize, PostError> {
        let Some(jobs) = self.extension::<Jobs>() else { return Ok(0) };
        let chain = jobs.chain(name);
        for job in chain {
            self.post_any(job.event()).await?;
        }
        Ok(chain.len())
    }
}
