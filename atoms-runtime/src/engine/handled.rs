//! Who waits until a posted event is handled.

use std::collections::HashMap;
use std::fmt;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll};

use tokio::sync::oneshot;

use super::receipt::Receipt;
use crate::event::{AnyEvent, EventId};

/// Those who wait for the receipts of posted events.
#[derive(Default)]
pub(crate) struct Waiters {
    /// How many there are, for those who ask without the lock.
    count: AtomicUsize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    next: u64,
    /// By the ids of their events: an event that is posted twice has several, the oldest first. Each is a
    /// [`Handled`] that somebody has.
    waiting: HashMap<EventId, Vec<Waiter>>,
    is_closed: bool,
}

struct Waiter {
    number: u64,
    receipt: oneshot::Sender<Receipt>,
}

impl Waiters {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets somebody wait for this event.
    pub(crate) fn wait_for(self: &Arc<Self>, event: &EventId) -> Handled {
        let (send, receipt) = oneshot::channel();
        let mut state = self.lock();
        state.next += 1;
        let number = state.next;
        if !state.is_closed {
            state.waiting.entry(event.clone()).or_default().push(Waiter { number, receipt: send });
        }
        self.count.store(state.waiting.len(), Ordering::Release);
        Handled { event: event.clone(), number, waiters: Arc::downgrade(self), receipt }
    }

    /// The event is handled, as often as it was posted in one: tells the first of those who wait for it.
    #[inline]
    pub(crate) fn settle(&self, event: &AnyEvent, receipt: Receipt) {
        if self.count.load(Ordering::Acquire) > 0
            && let Some(waiter) = self.take(event.id(), |waiters| Some(waiters.remove(0)))
        {
            // Nobody may wait any more.
            let _ = waiter.receipt.send(receipt);
        }
    }

    /// The event is handled, which a store has once, however often it was posted: tells all who wait for it.
    pub(crate) fn settle_all(&self, event: &AnyEvent, receipt: &Receipt) {
        if self.count.load(Ordering::Acquire) > 0
            && let Some(waiters) = self.take(event.id(), |waiters| Some(std::mem::take(waiters)))
        {
            for waiter in waiters {
                let _ = waiter.receipt.send(receipt.clone());
            }
        }
    }

    /// The delivery of the event has ended without a receipt.
    #[cold]
    pub(crate) fn give_up(&self, event: &AnyEvent) {
        drop(self.take(event.id(), |waiters| Some(waiters.remove(0))));
    }

    /// As [`give_up`](Self::give_up), of an event that a store has once.
    #[cold]
    pub(crate) fn give_all_up(&self, event: &AnyEvent) {
        drop(self.take(event.id(), |waiters| Some(std::mem::take(waiters))));
    }

    /// Lets nobody wait any more.
    pub(crate) fn close(&self) {
        let mut state = self.lock();
        state.is_closed = true;
        let waiting = std::mem::take(&mut state.waiting);
        self.count.store(0, Ordering::Release);
        drop(state);
        drop(waiting);
    }

    /// Takes out of those who wait for the event, of whom there are some.
    #[cold]
    fn take<T>(&self, event: &EventId, take: impl FnOnce(&mut Vec<Waiter>) -> Option<T>) -> Option<T> {
        let mut state = self.lock();
        let waiters = state.waiting.get_mut(event)?;
        let taken = take(waiters);
        if waiters.is_empty() {
            state.waiting.remove(event);
        }
        self.count.store(state.waiting.len(), Ordering::Release);
        taken
    }
}

/// Waits until a posted event is handled, as [`Post::with_receipt`](crate::Post::with_receipt) describes it: its receipt.
///
/// Dropping it changes nothing else: the event is delivered all the same.
#[must_use = "the event is posted; drop this to not wait until it is handled"]
pub struct Handled {
    event: EventId,
    number: u64,
    waiters: Weak<Waiters>,
    receipt: oneshot::Receiver<Receipt>,
}

/// It is not known what became of a posted event, since the bus has ended before it was handled.
///
/// An event in a store is there still, and another bus delivers it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the bus has ended before the event {event} was handled")]
pub struct NotHandled {
    event: EventId,
}

impl NotHandled {
    /// Returns the id of the event.
    pub fn event(&self) -> &EventId {
        &self.event
    }
}

impl Handled {
    /// Returns the id of the event.
    pub fn event(&self) -> &EventId {
        &self.event
    }
}

impl Future for Handled {
    type Output = Result<Receipt, NotHandled>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let received = Pin::new(&mut self.receipt).poll(cx);
        received.map_err(|_| NotHandled { event: self.event.clone() })
    }
}

impl Drop for Handled {
    fn drop(&mut self) {
        if let Some(waiters) = self.waiters.upgrade() {
            drop(waiters.take(&self.event, |waiting| {
                let place = waiting.iter().position(|waiter| waiter.number == self.number)?;
                Some(waiting.remove(place))
            }));
        }
    }
}

impl fmt::Debug for Handled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handled").field("event", &self.event).finish_non_exhaustive()
    }
}
