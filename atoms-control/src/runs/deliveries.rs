//! The deliveries that run on a bus that can be paused.

use std::collections::BTreeMap;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use atoms_runtime::{Cancellation, Cause, EventId};
use tokio::time::{sleep, timeout};

use super::scope::{Place, Scope};
use crate::sync::Mutex;
use crate::work::Run;

/// How often it is looked whether cancelled deliveries have ended.
const LOOK: Duration = Duration::from_millis(2);

/// The deliveries that run, and what is tracked like one.
#[derive(Default)]
pub(super) struct Running(Mutex<State>);

#[derive(Default)]
struct State {
    deliveries: BTreeMap<u64, Entry>,
    next: u64,
}

/// One delivery that runs.
struct Entry {
    place: Place,
    handler: &'static str,
    event: EventId,
    cancelled: Cancellation,
    stopped: Cancellation,
}

impl Running {
    /// Says to the deliveries in this scope that they are cancelled, and returns them. Those of the event in whose handler this
    /// is called are not, nor are those of runs that go on: a run is cancelled as a whole.
    pub(super) fn cancel(self: &Arc<Self>, scope: &Scope) -> Deliveries {
        let own = Cause::current().map(|cause| cause.id().clone());
        let state = self.0.lock();
        let is_ours = |entry: &Entry| {
            let goes_on = |run: &Run| !run.is_cancelled() && !run.has_ended();
            let of_run_that_goes_on = entry.place.run.as_ref().is_some_and(goes_on);
            entry.place.is_in(scope) && !of_run_that_goes_on && Some(&entry.event) != own.as_ref()
        };
        let entries: Vec<_> = state.deliveries.iter().filter(|(_, entry)| is_ours(entry)).collect();
        let numbers = entries.iter().map(|(number, _)| **number).collect();
        let tokens: Vec<_> = entries.iter().map(|(_, entry)| entry.cancelled.clone()).collect();
        drop(state);
        for token in tokens {
            token.cancel();
        }
        Deliveries { running: Arc::clone(self), numbers }
    }

    pub(super) fn enter<R: Deref<Target = Self>>(
        running: R,
        place: Place,
        handler: &'static str,
        event: EventId,
    ) -> Entered<R> {
        let run = place.run.as_ref();
        let cancelled = run.map_or_else(Cancellation::new, |run| run.token().clone());
        let stopped = run.map_or_else(Cancellation::new, |run| run.stopped().clone());
        let tokens = [cancelled.clone(), stopped.clone()];
        let mut state = running.0.lock();
        let number = state.next;
        state.next += 1;
        state.deliveries.insert(number, Entry { place, handler, event, cancelled, stopped });
        drop(state);
        let [cancelled, stopped] = tokens;
        Entered { running, number, cancelled, stopped }
    }
}

/// Deliveries that are cancelled.
pub(super) struct Deliveries {
    running: Arc<Running>,
    numbers: Vec<u64>,
}

impl Deliveries {
    /// The handlers of those that still run.
    pub(super) fn handlers(&self) -> Vec<&'static str> {
        self.those_that_run(|entry| entry.handler)
    }

    /// Drops those that wait.
    pub(super) fn stop(&self) {
        for token in self.those_that_run(|entry| entry.stopped.clone()) {
            token.cancel();
        }
    }

    fn those_that_run<T>(&self, tell: impl Fn(&Entry) -> T) -> Vec<T> {
        let state = self.running.0.lock();
        self.numbers.iter().filter_map(|number| state.deliveries.get(number)).map(tell).collect()
    }

    /// Waits until none runs, for so long at most.
    pub(super) async fn wait(&self, at_most: Duration) {
        let ended = async {
            while !self.handlers().is_empty() {
                sleep(LOOK).await;
            }
        };
        let _in_time = timeout(at_most, ended).await;
    }
}

/// A delivery runs, until this is dropped.
pub(super) struct Entered<R: Deref<Target = Running>> {
    running: R,
    number: u64,
    cancelled: Cancellation,
    stopped: Cancellation,
}

impl<R: Deref<Target = Running>> Entered<R> {
    /// Tells that it is cancelled.
    pub(super) fn cancelled(&self) -> &Cancellation {
        &self.cancelled
    }

    /// Tells that it is to be dropped where it waits.
    pub(super) fn stopped(&self) -> &Cancellation {
        &self.stopped
    }
}

impl<R: Deref<Target = Running>> Drop for Entered<R> {
    fn drop(&mut self) {
        let left = self.running.0.lock().deliveries.remove(&self.number);
        drop(left);
    }
}
