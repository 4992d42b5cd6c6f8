//! Pausing runs, and letting them go on.

use std::fmt;
use std::future::IntoFuture;
use std::pin::Pin;

use atoms_runtime::{Bus, Envelope, Event, IntoEnvelope};

use super::Runs;
use super::gate::NotPaused;
use super::scope::Scope;
use super::steering::Steered;
use super::tell::{Source, Telling, teller};
use crate::events::{RunPaused, RunResumed};
use crate::principal::Principal;
use crate::work::{Run, RunId};

/// Something that is about to be paused. Await it.
///
/// From then on, events that belong to it are held before they are delivered, in the order in which they come. What already
/// runs goes on, as do the events of control, such as answers. Who emits an event that is held waits, and is told by the
/// receipt if there is no room to hold it, or if it is dropped.
///
/// A run ends with its process, so a posted event that a store on a disk keeps is in no run any more when it is delivered.
/// Neither a pause nor a cancel of its run reaches it, but those of its session and of the bus do.
#[must_use = "nothing is paused unless this is awaited"]
pub struct Pausing<'a> {
    runs: Runs<'a>,
    scope: Scope,
    by: Option<Principal>,
}

/// Something that is about to go on. Await it: it returns how many events were held for it, or `None` if it was not paused.
///
/// What was held is delivered in the order in which it came, before what comes later.
#[must_use = "nothing goes on unless this is awaited"]
pub struct Resuming<'a> {
    runs: Runs<'a>,
    scope: Scope,
    by: Option<Principal>,
}

impl<'a> Pausing<'a> {
    pub(super) fn new(runs: Runs<'a>, scope: Scope) -> Self {
        Self { runs, scope, by: None }
    }

    /// Sets who pauses it, for the event that tells of it.
    pub fn by(mut self, principal: &Principal) -> Self {
        self.by = Some(principal.clone());
        self
    }

    fn pause(self) -> Result<Telling, NotPaused> {
        let Self { runs: Runs { bus, board, .. }, scope, by } = self;
        let steered = Steered::of(bus).ok_or(NotPaused::NoSteering)?;
        let run = scope.run().and_then(|id| board.get(id));
        if scope.run().is_some() && run.is_none() {
            return Err(NotPaused::Ended(scope));
        }
        steered.gate.pause(scope.clone())?;
        // It may have ended meanwhile, and then nobody else lets its events go.
        if run.as_ref().is_some_and(Run::has_ended) {
            steered.gate.resume(&scope);
            return Err(NotPaused::Ended(scope));
        }
        let session = scope.session().map(Into::into);
        Ok(tell_scope(bus, run.as_ref(), by, format!("{scope} is paused"), |run, source, message, by| {
            RunPaused { run, source, message, session, by }
        }))
    }
}

impl<'a> Resuming<'a> {
    pub(super) fn new(runs: Runs<'a>, scope: Scope) -> Self {
        Self { runs, scope, by: None }
    }

    /// Sets who lets it go on, for the event that tells of it.
    pub fn by(mut self, principal: &Principal) -> Self {
        self.by = Some(principal.clone());
        self
    }

    fn resume(self) -> Option<(usize, Telling)> {
        let Self { runs: Runs { bus, board, .. }, scope, by } = self;
        let count = Steered::of(bus)?.gate.resume(&scope)?;
        let run = scope.run().and_then(|id| board.get(id));
        let (session, held) = (scope.session().map(Into::into), count.try_into().unwrap_or(u64::MAX));
        let told =
            tell_scope(bus, run.as_ref(), by, format!("{scope} goes on"), |run, source, message, by| {
                RunResumed { run, source, message, session, by, held }
            });
        Some((count, told))
    }
}

/// Tells that something is steered: by the run, or for the principal who does it.
pub(super) fn tell_scope<E: Event>(
    bus: &Bus,
    run: Option<&Run>,
    by: Option<Principal>,
    message: String,
    event: impl FnOnce(Option<RunId>, String, String, Option<Principal>) -> E,
) -> Telling
where
    Envelope<E>: IntoEnvelope<Event = E>,
{
    let source = by.as_ref().map_or("control", Principal::name).to_owned();
    let source = match run {
        Some(run) => run.source(source),
        None => Source::new(bus, source),
    };
    teller(&source).tell_surely(message, |run, source, message| event(run, source, message, by))
}

impl<'a> IntoFuture for Pausing<'a> {
    type Output = Result<(), NotPaused>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            // It is told if there is room.
            let _told = self.pause()?.await;
            Ok(())
        })
    }
}

impl<'a> IntoFuture for Resuming<'a> {
    type Output = Option<usize>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let (count, told) = self.resume()?;
            let _told = told.await;
            Some(count)
        })
    }
}

impl fmt::Debug for Pausing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pausing").field("scope", &self.scope).finish_non_exhaustive()
    }
}

impl fmt::Debug for Resuming<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resuming").field("scope", &self.scope).finish_non_exhaustive()
    }
}
