//! Subscribing to a running bus.

mod stream;

use std::marker::PhantomData;
use std::panic::Location;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::sync::oneshot;

use crate::engine::Bus;
use crate::engine::step::Step;
pub use stream::{EventStream, Lagged};

use self::stream::Buffer;
use crate::engine::subscribers::Subscription;
use crate::event::{AnyEvent, Envelope, Event, EventType};

impl Bus {
    /// Calls `callback` for each event `E`, after the sync handlers, until the subscription is dropped.
    ///
    /// A bus that was started without discovery reads frames of an `E` as events only if it has a
    /// handler of it, or was told of it by [`BusBuilder::event`](crate::BusBuilder::event).
    ///
    /// ```
    /// # use atoms::{Bus, event};
    /// # #[event(type = "shop.order.created")]
    /// # struct OrderCreated { order_id: String }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let bus = Bus::start()?;
    /// let subscription = bus.on::<OrderCreated>(|order| println!("{}", order.order_id));
    /// bus.emit(OrderCreated { order_id: "o-1".into() }).await.into_result()?;
    /// drop(subscription);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn on<E: Event>(&self, callback: impl Fn(&E) + Send + Sync + 'static) -> Subscription {
        self.on_envelope::<E>(move |envelope| callback(envelope))
    }

    /// Calls `callback` for every event, until the subscription is dropped.
    #[track_caller]
    pub fn on_any(&self, callback: impl Fn(&AnyEvent) + Send + Sync + 'static) -> Subscription {
        self.subscribe(None, move |step| callback(step.any()))
    }

    /// Calls `callback` for the next event `E`, and then never again.
    #[track_caller]
    pub fn once<E: Event>(&self, callback: impl FnOnce(&E) + Send + 'static) -> Subscription {
        let callback = Mutex::new(Some(callback));
        let bus = Arc::downgrade(&self.0);
        let place = Location::caller();
        let key = self.0.subscribers.add(Some(E::event_type()), place, |key| {
            Arc::new(move |step| {
                let callback = callback.lock().unwrap_or_else(PoisonError::into_inner).take();
                if let (Some(callback), Some(envelope)) = (callback, step.event.downcast::<E>()) {
                    if let Some(bus) = bus.upgrade() {
                        bus.subscribers.remove(key);
                    }
                    callback(envelope);
                }
            })
        });
        Subscription::new(Arc::downgrade(&self.0), key)
    }

    /// The events `E` from now on, as a stream.
    ///
    /// The stream ends when the bus is shut down. One that is not read in time never holds up an
    /// emit: it loses the oldest events beyond 1,024, or beyond 16 MiB of them, and is told how many
    /// ([`BusBuilder::stream_capacity`], [`BusBuilder::stream_bytes`]). An event that several streams have
    /// is in memory once.
    ///
    /// [`BusBuilder::stream_capacity`]: crate::BusBuilder::stream_capacity
    /// [`BusBuilder::stream_bytes`]: crate::BusBuilder::stream_bytes
    #[track_caller]
    pub fn stream<E: Event>(&self) -> EventStream<E> {
        let (buffer, writer) = Buffer::new(self.0.stream_limits);
        let subscription = self.subscribe(Some(E::event_type()), move |step| {
            writer.put(step.any().clone(), step.size());
        });
        EventStream::new(buffer, subscription)
    }

    /// The next event `E` for which `predicate` holds, from now on.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use atoms::{Bus, event};
    /// # #[event(type = "shop.order.created")]
    /// # struct OrderCreated { order_id: String }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let bus = Bus::start()?;
    /// let expected = bus.expect::<OrderCreated>(|order| order.order_id == "o-1");
    /// bus.emit(OrderCreated { order_id: "o-1".into() }).await.into_result()?;
    /// let order = expected.within(Duration::from_secs(1)).await?;
    /// assert_eq!(order.order_id, "o-1");
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn expect<E: Event>(&self, predicate: impl Fn(&E) -> bool + Send + Sync + 'static) -> Expectation<E> {
        let (sender, receiver) = oneshot::channel();
        let sender = Mutex::new(Some(sender));
        let bus = Arc::downgrade(&self.0);
        let place = Location::caller();
        let key = self.0.subscribers.add(Some(E::event_type()), place, |key| {
            Arc::new(move |step| {
                if step.event.downcast::<E>().is_some_and(|envelope| predicate(envelope))
                    && let Some(sender) = sender.lock().unwrap_or_else(PoisonError::into_inner).take()
                {
                    if let Some(bus) = bus.upgrade() {
                        bus.subscribers.remove(key);
                    }
                    // Nobody may wait for it any more.
                    let _ = sender.send(step.any().clone());
                }
            })
        });
        let subscription = Subscription::new(Arc::downgrade(&self.0), key);
        Expectation { event: receiver, subscription, events: PhantomData }
    }

    #[track_caller]
    fn on_envelope<E: Event>(&self, callback: impl Fn(&Envelope<E>) + Send + Sync + 'static) -> Subscription {
        self.subscribe(Some(E::event_type()), move |step| {
            if let Some(envelope) = step.event.downcast::<E>() {
                callback(envelope);
            }
        })
    }

    #[track_caller]
    fn subscribe(
        &self,
        event_type: Option<&'static EventType>,
        callback: impl Fn(&Step<'_>) + Send + Sync + 'static,
    ) -> Subscription {
        let place = Location::caller();
        let key = self.0.subscribers.add(event_type, place, |_| Arc::new(callback));
        Subscription::new(Arc::downgrade(&self.0), key)
    }
}

/// Waits for an event, since the call of [`Bus::expect`].
///
/// Without [`within`](Self::within) it waits for as long as the bus runs. Cancel-safe.
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
    /// The time is over.
    #[error("`{event_type}` did not come within {after:?}")]
    TimedOut {
        /// The type string of the event.
        event_type: &'static str,
        /// How long it was waited for.
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
    /// Waits for `limit` at most. Needs a tokio runtime with time.
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
