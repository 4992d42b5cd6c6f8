//! The outlet of the events that tools and hooks emit.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use atoms_runtime::{AnyEvent, Bus, Cause, Dispatch, EmitOutcome, Outlet, Refusal, WeakBus};

/// How many events of one call may wait to be delivered, and how many bytes they may take. Further ones are refused.
const MOST: usize = 1_024;
const MOST_BYTES: usize = 16 * 1024 * 1024;

/// From this number on, an awaited emitter waits for room.
const HIGH: usize = 64;

/// The outlet of calls in which nothing is extracted, so that nothing is emitted.
pub(crate) struct Nowhere;

impl Outlet for Nowhere {
    fn emit(&self, _: AnyEvent) -> EmitOutcome {
        EmitOutcome::Refused(Refusal::Closed)
    }

    fn poll_room(&self, _: &mut Context<'_>) -> Poll<()> {
        Poll::Ready(())
    }
}

/// The outlet of one call. While the call runs, its events are delivered on its bus one after the other, as consequences of
/// the event in whose handler the tool is called. When the call returns, all are delivered.
pub(crate) struct CallOutlet {
    bus: WeakBus,
    cause: Cause,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    events: VecDeque<AnyEvent>,
    bytes: usize,
    is_closed: bool,
    /// The emitters that wait for room, and the task that delivers.
    wakers: Vec<Waker>,
}

impl CallOutlet {
    pub(crate) fn new(bus: &Bus, event: &AnyEvent) -> Self {
        Self { bus: bus.downgrade(), cause: Cause::of_event(event, bus), state: Mutex::default() }
    }

    /// Makes a dead letter of an event that comes too late, or for which there is no room.
    fn refuse(&self, event: AnyEvent, refusal: Refusal) -> EmitOutcome {
        if let Some(bus) = self.bus.upgrade() {
            bus.dead_letters().keep(event, refusal.clone());
        }
        EmitOutcome::Refused(refusal)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the next event to deliver. If there is none, the task is woken when there is.
    fn poll_next(&self, cx: &Context<'_>) -> Option<AnyEvent> {
        let mut state = self.lock();
        let Some(next) = state.events.pop_front() else {
            state.wake_on_change(cx);
            return None;
        };
        state.bytes = state.bytes.saturating_sub(next.size());
        let wakers = std::mem::take(&mut state.wakers);
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
        Some(next)
    }

    /// Takes no more events.
    fn close(&self) {
        self.lock().is_closed = true;
    }

    /// Runs a call, which belongs to this event, and delivers what it emits.
    pub(crate) async fn drive<R>(
        &self,
        bus: &Bus,
        event: &AnyEvent,
        mut call: Pin<&mut impl Future<Output = R>>,
    ) -> R {
        let _rest = Rest(self);
        let mut done = None;
        let mut delivering: Option<Pin<Box<dyn Future<Output = ()> + Send + '_>>> = None;
        poll_fn(|cx| {
            if done.is_none()
                && let Poll::Ready(result) = Dispatch::enter(event, || call.as_mut().poll(cx))
            {
                done = Some(result);
                self.close();
            }
            loop {
                if let Some(delivery) = &mut delivering {
                    if delivery.as_mut().poll(cx).is_pending() {
                        return Poll::Pending;
                    }
                    delivering = None;
                }
                match self.poll_next(cx) {
                    Some(next) => delivering = Some(Box::pin(deliver(bus, next))),
                    None => return done.take().map_or(Poll::Pending, Poll::Ready),
                }
            }
        })
        .await
    }
}

impl State {
    /// Wakes the task when an event comes or goes.
    fn wake_on_change(&mut self, cx: &Context<'_>) {
        if !self.wakers.iter().any(|waker| waker.will_wake(cx.waker())) {
            self.wakers.push(cx.waker().clone());
        }
    }
}

/// Drops the rest of a call that is dropped before it is done.
struct Rest<'a>(&'a CallOutlet);

impl Drop for Rest<'_> {
    fn drop(&mut self) {
        self.0.close();
        let rest = std::mem::take(&mut self.0.lock().events);
        for event in rest {
            self.0.refuse(event, Refusal::TooLate);
        }
    }
}

/// A failed delivery is a dead letter.
async fn deliver(bus: &Bus, event: AnyEvent) {
    let _receipt = bus.emit_any(&event).await;
}

impl Outlet for CallOutlet {
    fn emit(&self, event: AnyEvent) -> EmitOutcome {
        let size = event.size();
        let mut state = self.lock();
        let is_full =
            state.events.len() >= MOST || (state.bytes + size > MOST_BYTES && !state.events.is_empty());
        if state.is_closed || is_full {
            let too_much = Refusal::WorklistFull { events: MOST, bytes: MOST_BYTES };
            let refusal = if state.is_closed { Refusal::TooLate } else { too_much };
            drop(state);
            return self.refuse(event, refusal);
        }
        state.bytes += size;
        state.events.push_back(event);
        let wakers = std::mem::take(&mut state.wakers);
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
        EmitOutcome::Accepted
    }

    fn poll_room(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.lock();
        if state.events.len() < HIGH || state.is_closed {
            return Poll::Ready(());
        }
        state.wake_on_change(cx);
        Poll::Pending
    }

    fn cause(&self) -> Option<&Cause> {
        Some(&self.cause)
    }
}

/// The outlet of a detached hook, which posts its events.
pub(crate) struct Posted {
    bus: Bus,
    cause: Cause,
}

impl Posted {
    pub(crate) fn new(bus: &Bus, event: &AnyEvent) -> Self {
        Self { bus: bus.clone(), cause: Cause::of_event(event, bus) }
    }
}

impl Outlet for Posted {
    fn emit(&self, event: AnyEvent) -> EmitOutcome {
        match self.bus.post_any(event.clone()).try_send() {
            Ok(()) => EmitOutcome::Accepted,
            Err(_) => {
                let refusal = if self.bus.is_closed() { Refusal::Closed } else { Refusal::MailboxFull };
                self.bus.dead_letters().keep(event, refusal.clone());
                EmitOutcome::Refused(refusal)
            }
        }
    }

    fn poll_room(&self, _: &mut Context<'_>) -> Poll<()> {
        Poll::Ready(())
    }

    fn cause(&self) -> Option<&Cause> {
        Some(&self.cause)
    }
}
