//! Subscribing to a running bus.

use crate::engine::{Bus, Subscription};
use crate::event::{AnyEvent, Event};
use crate::subscribe::{self, EventStream, Expectation};

impl Bus {
    /// Calls `callback` for each event `E`, after the sync handlers, until the subscription is dropped.
    ///
    /// A bus that was started without discovery reads frames of an `E` as events only if it has a handler of it, or if
    /// [`BusBuilder::event`](crate::BusBuilder::event) named it.
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
        subscribe::on(self, callback)
    }

    /// Calls `callback` for every event, until the subscription is dropped.
    #[track_caller]
    pub fn on_any(&self, callback: impl Fn(&AnyEvent) + Send + Sync + 'static) -> Subscription {
        subscribe::on_any(self, callback)
    }

    /// Calls `callback` for the next event `E`, and then never again.
    #[track_caller]
    pub fn once<E: Event>(&self, callback: impl FnOnce(&E) + Send + 'static) -> Subscription {
        subscribe::once(self, callback)
    }

    /// Returns a stream of the events `E` from now on.
    ///
    /// The stream ends when the bus is shut down. A stream that is not read in time never delays an emit: it loses the
    /// oldest events beyond 1,024, or beyond 16 MiB of them, and yields a [`Lagged`](crate::Lagged) with their number
    /// ([`BusBuilder::stream_capacity`], [`BusBuilder::stream_bytes`]). Several streams share one copy of an event.
    ///
    /// [`BusBuilder::stream_capacity`]: crate::BusBuilder::stream_capacity
    /// [`BusBuilder::stream_bytes`]: crate::BusBuilder::stream_bytes
    #[track_caller]
    pub fn stream<E: Event>(&self) -> EventStream<E> {
        subscribe::stream(self)
    }

    /// Returns a future of the next event `E` for which `predicate` holds, from now on.
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
        subscribe::expect(self, predicate)
    }
}
