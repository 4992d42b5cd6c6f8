//! An emit that waits in a layer: it is under way, and a shutdown knows of it.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;

use super::Engine;
use super::first_poll::FirstPoll;
use super::under_way::Part;
use super::unfinished::Entered;
use crate::event::AnyEvent;

/// An emit with layers around it, until these go on.
pub(crate) struct Held<'a> {
    bus: &'a Arc<Engine>,
    is_root: bool,
    state: Mutex<State<'a>>,
}

enum State<'a> {
    /// It has not waited yet. A root event's first poll is marked.
    New(AnyEvent, Option<FirstPoll>),
    /// It has.
    Waiting(Entered<'a>),
    /// The layers have gone on.
    Gone,
}

impl<'a> Held<'a> {
    pub(crate) fn new(bus: &'a Arc<Engine>, event: AnyEvent, first_poll: Option<FirstPoll>) -> Self {
        Self { bus, is_root: first_poll.is_some(), state: Mutex::new(State::New(event, first_poll)) }
    }

    fn lock(&self) -> MutexGuard<'_, State<'a>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The layers go on. What comes then is counted by itself; a root event's first poll is marked until it is.
    pub(crate) fn go_on(&self) -> Option<FirstPoll> {
        match std::mem::replace(&mut *self.lock(), State::Gone) {
            State::New(_, first_poll) => first_poll,
            State::Waiting(_entered) => self.is_root.then(|| FirstPoll::of(self.bus)),
            State::Gone => None,
        }
    }

    fn part(&self) -> Option<Arc<Part>> {
        match &*self.lock() {
            State::Waiting(entered) => Some(Arc::clone(entered.part())),
            State::New(..) | State::Gone => None,
        }
    }

    fn wait(&self) {
        let mut state = self.lock();
        if let State::New(event, _) = &*state {
            // It is counted before its first poll is not marked any more.
            let entered = self.bus.in_flight.enter(event.event_ref(), None, &self.bus.under_way);
            *state = State::Waiting(entered);
        }
    }

    /// Drives the layers, and all inside of them.
    pub(crate) async fn around<T>(&self, layers: impl Future<Output = T>) -> T {
        let mut layers = pin!(layers);
        poll_fn(|cx| {
            let polled: Poll<T> = Part::enter(self.part().as_ref(), || layers.as_mut().poll(cx));
            if polled.is_pending() {
                self.wait();
            }
            polled
        })
        .await
    }
}
