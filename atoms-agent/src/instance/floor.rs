//! The floor: who has it, speaks. One of the output nodes of a group has it at a time.
//!
//! A node does not wait for it in a method, since what the others say may have to pass through the node.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::OwnedMutexGuard;

use super::flight::Flight;
use super::lane::Lane;

pub(crate) type Floor = Arc<tokio::sync::Mutex<()>>;

/// The floor, held.
pub(crate) type Speaking = OwnedMutexGuard<()>;

/// The floor in the flight of the end of a response: it is held until that comes out of the graph, or is dropped.
pub(crate) struct UntilEnd(Mutex<Option<Speaking>>);

impl UntilEnd {
    pub(super) fn new(speaking: Speaking) -> Self {
        Self(Mutex::new(Some(speaking)))
    }

    pub(super) fn take(&self) -> Option<Speaking> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl fmt::Debug for UntilEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UntilEnd").finish_non_exhaustive()
    }
}

/// The events of a node whose responses wait for the floor.
pub(super) struct Waiting {
    /// The floor of the node, if others share it.
    floor: Option<Floor>,
    flights: Lane,
    /// The place in the queue for the floor.
    queued: Option<BoxFuture<'static, Speaking>>,
}

impl Waiting {
    pub(super) fn new(floor: Option<Floor>) -> Self {
        Self { floor, flights: Lane::default(), queued: None }
    }

    pub(super) fn flights(&self) -> &Lane {
        &self.flights
    }

    /// Whether the node speaks whenever it wants to.
    pub(super) fn is_needless(&self) -> bool {
        self.floor.is_none()
    }

    /// The floor, if it is free, and no other event of the node waits for it.
    pub(super) fn take_floor(&self) -> Option<Speaking> {
        let floor = self.floor.as_ref().filter(|_| self.flights.is_empty())?;
        Arc::clone(floor).try_lock_owned().ok()
    }

    pub(super) fn push(&mut self, flight: Flight) {
        self.flights.push(flight);
    }

    /// Drops the events for which this holds.
    pub(super) fn forget(&mut self, is_dropped: impl Fn(&Flight) -> bool) {
        if !self.flights.is_empty() {
            drop(self.flights.remove(is_dropped));
        }
    }

    /// Leaves the queue for the floor, before the node does something that may take long: who is given the floor meanwhile
    /// could not speak, and the others neither.
    pub(super) fn leave_queue(&mut self) {
        self.queued = None;
    }

    /// Keeps the place in the queue while the node cannot speak, but lets others have the floor if it is given to the node.
    pub(super) fn let_speak(&mut self, cx: &mut Context<'_>) {
        if self.queued.as_mut().is_some_and(|queued| queued.poll_unpin(cx).is_ready()) {
            self.queued = None;
        }
    }

    /// Waits for the floor for the next event. It never comes if there is none.
    pub(super) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<(Flight, Speaking)> {
        let Some(floor) = self.floor.as_ref().filter(|_| !self.flights.is_empty()) else {
            self.queued = None;
            return Poll::Pending;
        };
        let queued = self.queued.get_or_insert_with(|| Arc::clone(floor).lock_owned().boxed());
        let speaking = ready!(queued.poll_unpin(cx));
        self.queued = None;
        self.flights.pop().map_or(Poll::Pending, |flight| Poll::Ready((flight, speaking)))
    }
}
