//! Subscribers, streams and expectations of a running bus.

mod stream;

use std::marker::PhantomData;
use std::panic::Location;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::sync::oneshot;

pub use stream::{EventStream, Lagged};

use self::stream::Buffer;
use crate::engine::Bus;
use crate::engine::step::Step;
use crate::engine::subscribers::Subscription;
use crate::event::{AnyEvent, Envelope, Event, EventType};

/// Calls `callback` for each event `E`.
#[track_caller]
pub(crate) fn on<E: Event>(bus: &Bus, callback: impl Fn(&E) + Send + Sync + 'static) -> Subscription {
    subscribe(bus, Some(E::event_type()), move |step| {
        if let Some(envelope) = step.event.downcast::<E>() {
            callback(envelope);
        }
    })
}

/// Calls `callback` for every event.
#[track_caller]
pub(crate) fn on_any(bus: &Bus, callback: impl Fn(&AnyEvent) + Send + Sync + 'static) -> Subscription {
    subscribe(bus, None, move |step| callback(step.any()))
}

/// Calls `callback` for the next event `E`.
#[track_caller]
pub(crate) fn once<E: Event>(bus: &Bus, callback: impl FnOnce(&E) + Send + 'static) -> Subscription {
    let callback = Mutex::new(Some(callback));
    let weak = Arc::downgrade(&bus.0);
    let key = bus.0.subscribers.add(Some(E::event_type()), Location::caller(), |key| {
        Arc::new(move |step| {
            let callback = callback.lock().unwrap_or_else(PoisonError::into_inner).take();
            if let (Some(callback), Some(envelope)) = (callback, step.event.downcast::<E>()) {
                if let Some(bus) = weak.upgrade() {
                    bus.subscribers.remove(key);
                }
                callback(envelope);
            }
        })
    });
    Subscription::new(Arc::downgrade(&bus.0), key)
}

/// Puts the events `E` into a stream.
#[track_caller]
pub(crate) fn stream<E: Event>(bus: &Bus) -> EventStream<E> {
    let (buffer, writer) = Buffer::new(bus.0.stream_limits);
    let subscription = subscribe(bus, Some(E::event_type()), move |step| {
        writer.put(step.any().clone(), step.size());
    });
    EventStream::new(buffer, subscription)
}

/// Waits for the next event `E` for which `predicate` holds.
#[track_caller]
pub(crate) fn expect<E: Event>(
    bus: &Bus,
    predicate: impl Fn(&E) -> bool + Send + Sync + 'static,
) -> Expectation<E> {
    let (sender, receiver) = oneshot::channel();
    let sender = Mutex::new(Some(sender));
    let weak = Arc::downgrade(&bus.0);
    let key = bus.0.subscribers.add(Some(E::event_type()), Location::caller(), |key| {
        Arc::new(move |step| {
            if step.event.downcast::<E>().is_some_and(|envelope| predicate(envelope))
                && let Some(sender) = sender.lock().unwrap_or_else(PoisonError::into_inner).take()
            {
                if let Some(bus) = weak.upgrade() {
                    bus.subscribers.remove(key);
                }
                // Nobody may wait for it any more.
                let _ = sender.send(step.any().clone());
            }
        })
    });
    let subscription = Subscription::new(Arc::downgrade(&bus.0), key);
    Expectation { event: receiver, subscription, events: PhantomData }
}

#[track_caller]
fn subscribe(
    bus: &Bus,
    event_type: Option<&'static EventType>,
    callback: impl Fn(&Step<'_>) + Send + Sync + 'static,
) -> Subscription {
    let key = bus.0.subscribers.add(event_type, Location::caller(), |_| Arc::new(callback));
    Subscription::new(Arc::downgrade(&bus.0), key)
}

/// Waits for an event that is emitted after the call of [`Bus::expect`].
///
/// Without [`within`](Self::within) it waits as long as the bus runs. Cancel-safe.
#[derive(Debug)]
#[must_use = "an expectation does nothing unless it is awaited"]
pub struct Expectation<E> {
    event: oneshot::Receiver<AnyEvent>,
    subscription: Subscription,
    events: PhantomData<fn() -> E>,
}

/// Why an expected event did not come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ExpectError {
    /// The time was over before the event came.
    #[error("`{event_type}` did not come within {after:?}")]
    TimedOut {
        /// The type string of the event.
        event_type: &'static str,
        /// The time limit.
        after: Duration,
    },
    /// The bus was shut down.
    #[error("the bus was shut down before `{event_type}` came")]
    Closed {
        /// The type string of the event.
        event_type: &'static str,
    },
}

impl<E: Event> Expectation<E> {
    /// Waits for at most `limit`. Needs a tokio runtime with time enabled.
    pub async fn within(self, limit: Duration) -> Result<Arc<Envelope<E>>, ExpectError> {
        let timed_out = ExpectError::TimedOut { event_type: E::TYPE, after: limit };
        tokio::time::timeout(limit, self).await.map_err(|_| timed_out)?
    }

    /// Ends the expectation, as dropping it does.
    pub fn cancel(self) {
        self.subscription.unsubscribe();
    }
}

impl<E: Event> Future for Expectation<E> {
    type Output = Result<Arc<Envelope<E>>, ExpectError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let received = ready!(Pin::new(&mut self.event).poll(cx)).ok();
        let envelope = received.and_then(|event| event.downcast::<E>().ok());
        Poll::Ready(envelope.ok_or(ExpectError::Closed { event_type: E::TYPE }))
    }
}
