//! Posting events.

use std::collections::BTreeMap;

use crate::engine::Bus;
use crate::event::{AnyEvent, IntoEnvelope};
use crate::queue::{Post, QueueDepths};
use crate::store::StoreError;

impl Bus {
    /// Posts an event, or one in its [`Envelope`](crate::Envelope): the bus delivers it in tasks of its own, even if
    /// the caller is gone by then. Await the returned [`Post`], or [`try_send`](Post::try_send) it; nothing happens
    /// before that.
    ///
    /// The queue is in memory: events that wait in it, or are due later, are lost when the process ends. If an event
    /// must not be lost, post it on a bus with another [backlog](crate::BusBuilder::backlog).
    ///
    /// Posted events are not bound to one tokio runtime. Each runtime that posts, or waits until the bus is idle,
    /// delivers events while it runs. When it ends, another runtime calls again the handlers that were not done with
    /// its events. So a handler may see a posted event twice, with the same id. A runtime that still exists, but that
    /// nobody drives any more, keeps the events that it has begun.
    ///
    /// Each handler of a posted event finishes independently of the others. The events that it returns, emits or posts
    /// are held until it is done. They are posted when it succeeds; what a failed attempt emitted is discarded. Events
    /// that it emits on the bus, with [`emit`](Self::emit), are delivered at once, and stand even if it fails. Events
    /// that follow from a posted one are delivered before others of its priority. Subscribers see a posted event once,
    /// when its delivery begins.
    ///
    /// Events with the same key (`#[event(key)]` on a field, or [`Post::key`]) are handled one after the other, in the order in which
    /// they were posted, each after all handlers of the one before; `detached` handlers are not waited for. All other
    /// events are handled concurrently, on as many tasks as the runtime has workers. Events that fail are among the
    /// [dead letters](Self::dead_letters). An event that is posted in a handler is a consequence of that handler's
    /// event.
    ///
    /// An event that nothing takes is dropped, [counted](Self::untaken_posts), and the first one of its type is logged.
    ///
    /// [Interceptors](crate::Interceptor), and [layers](crate::PostLayer) that want to, look at an event when it is posted, and
    /// may refuse it ([`PostRefusal::Vetoed`](crate::PostRefusal::Vetoed)). They look at it again where it is delivered
    /// again. All other [layers around emits](crate::EmitLayer) stand around its delivery.
    /// [`with_receipt`](Post::with_receipt) returns what waits until the event is handled.
    ///
    /// When the last clone of a bus is dropped and no delivery is running, the events that were not started are
    /// cancelled, and logged; [`shutdown`](Self::shutdown) waits for them.
    ///
    /// An event takes room until its delivery is done: one place
    /// ([`queue_capacity`](crate::BusBuilder::queue_capacity)), and its bytes
    /// ([`queue_bytes`](crate::BusBuilder::queue_bytes)). An event that is larger than the whole room is taken alone. A
    /// handler that awaits a post does not wait for room, since handlers could then wait for each other. Beyond the
    /// limit, up to 65,536 events of handlers are taken, with as many bytes as each priority has.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use atoms::{Bus, Priority, event, handler};
    /// # #[event(type = "shop.order.created")]
    /// # struct OrderCreated { order_id: String }
    /// # #[handler]
    /// # fn confirm(_: &OrderCreated) {}
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let bus = Bus::start()?;
    /// let order = OrderCreated { order_id: "o-1".into() };
    /// bus.post(order.clone()).await?;                                    // waits for room
    /// bus.post(order.clone()).priority(Priority::High).try_send()?;     // or fails if there is none
    /// let reminder = bus.post(order).after(Duration::from_secs(3_600)).await?;
    /// assert!(reminder.cancel().await?);
    /// bus.shutdown(Duration::from_secs(10)).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn post<I: IntoEnvelope>(&self, event: I) -> Post<'_> {
        Post::new(self, AnyEvent::to_emit(event))
    }

    /// Posts an event whose type is known at run time only, as [`post`](Self::post) does. The event keeps its id, its
    /// timestamp, and all metadata that it already has.
    pub fn post_any(&self, event: AnyEvent) -> Post<'_> {
        Post::new(self, event)
    }

    /// Returns how many posted events nothing has taken since the bus was started, by their types, with those of unknown
    /// types as `(unknown)`: events that had no handler and no subscriber when they were delivered. Handlers and
    /// subscribers of every event do not count, nor do events of this framework, such as
    /// [`DeliveryFailed`](crate::DeliveryFailed).
    ///
    /// The first one of each type is logged.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use atoms::{Bus, event};
    /// # #[event(type = "shop.order.created")]
    /// # struct OrderCreated;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let bus = Bus::builder().without_discovery().start()?;
    /// bus.post(OrderCreated).await?;
    /// bus.idle().await;
    /// assert_eq!(bus.untaken_posts()["shop.order.created"], 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn untaken_posts(&self) -> BTreeMap<&'static str, u64> {
        self.0.untaken.counts()
    }

    /// Returns how long the queue is: how many posted events are not done, and how many bytes they take. Fails if the
    /// [backlog](crate::BusBuilder::backlog) does.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use atoms::{Bus, event};
    /// # #[event(type = "shop.order.created")]
    /// # struct OrderCreated;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let bus = Bus::builder().without_discovery().start()?;
    /// bus.post(OrderCreated).after(Duration::from_secs(3_600)).await?;
    /// let depths = bus.queue_depths().await?;
    /// assert_eq!((depths.delayed.events, depths.normal.events), (1, 0));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn queue_depths(&self) -> Result<QueueDepths, StoreError> {
        let depths = self.0.queue.0.depths();
        match self.0.stored() {
            Some(stored) => Ok(depths.and(stored.backlog.depths().await?)),
            None => Ok(depths),
        }
    }
}
