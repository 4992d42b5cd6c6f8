//! Work of other crates that a bus waits for when it ends.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;

use crate::caught::panic_message;
use crate::engine::under_way::Counted;
use crate::engine::{Bus, Engine};
use crate::event::AnyEvent;
use crate::handler::{DetachError, HandlerInfo};
use crate::text::Shown;

/// Something that is under way on a bus until this is dropped: see [`Bus::busy`].
#[derive(Debug)]
#[must_use = "it is under way until this is dropped"]
pub struct Busy {
    _counted: Counted,
}

/// Tells of a task that did not come to its end, since its runtime ended. The deadline of a shutdown lists what it ends.
struct Unended {
    bus: Arc<Engine>,
    event: AnyEvent,
    handler: &'static HandlerInfo,
    has_ended: bool,
}

impl Drop for Unended {
    fn drop(&mut self) {
        if !self.has_ended && !self.bus.tasks.is_closed() {
            let Self { event, handler, .. } = self;
            tracing::error!(r#type = event.event_type(), id = %event.id(), %handler, "a detached task did not end: its runtime has");
        }
    }
}

impl Bus {
    /// Runs something in a task that the bus owns, as it runs a `detached` handler: for functions that are called for an event,
    /// and that nobody waits for.
    ///
    /// [`idle`](Self::idle) and [`shutdown`](Self::shutdown) wait for it. The deadline of a shutdown lists it, with the event
    /// and the handler, and cancels it at its next await. It counts for
    /// [`detached_limit`](crate::BusBuilder::detached_limit).
    ///
    /// Fails if there is no room, outside of a tokio runtime, and after a shutdown. If the task panics, or its runtime ends
    /// before it does, the log tells of that.
    ///
    /// ```
    /// use std::time::Duration;
    /// use atoms::prelude::*;
    /// use atoms::{AnyEvent, Handler};
    ///
    /// #[event(type = "shop.order.created")]
    /// struct OrderCreated;
    ///
    /// /// Describes what runs.
    /// #[handler]
    /// fn index(_: &OrderCreated) {}
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let bus = Bus::builder().without_discovery().start()?;
    /// let event = AnyEvent::from(Envelope::new(OrderCreated));
    /// bus.spawn_detached(&event, <index as Handler>::info(), async { println!("indexed") })?;
    /// bus.shutdown(Duration::from_secs(10)).await?; // it is done now
    /// # Ok(())
    /// # }
    /// ```
    pub fn spawn_detached(
        &self,
        event: &AnyEvent,
        handler: &'static HandlerInfo,
        task: impl Future<Output = ()> + Send + 'static,
    ) -> Result<(), DetachError> {
        self.0.tasks.spawn(|| {
            let (bus, event, busy) = (Arc::clone(&self.0), event.clone(), self.busy());
            let unended = Unended { bus: Arc::clone(&bus), event: event.clone(), handler, has_ended: false };
            async move {
                let mut unended = unended;
                let entered = bus.in_flight.enter(event.event_ref(), Some(handler), &bus.under_way);
                drop(busy);
                let done = AssertUnwindSafe(Arc::clone(entered.part()).around(task)).catch_unwind().await;
                unended.has_ended = true;
                if let Err(panic) = done {
                    let panic = panic_message(panic);
                    tracing::error!(%handler, panic = %Shown(&panic), "a detached task panicked");
                }
            }
        })
    }

    /// Counts something as under way until what this returns is dropped: [`idle`](Self::idle) and
    /// [`shutdown`](Self::shutdown) wait for it.
    ///
    /// It must not wait for these itself, and should not take long: it is not cancelled, and the deadline of a shutdown does
    /// not list it.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let bus = atoms::Bus::start()?;
    /// let busy = bus.busy();
    /// let writing = tokio::spawn(async move {
    ///     tokio::time::sleep(Duration::from_millis(10)).await; // writes something
    ///     drop(busy);
    /// });
    /// bus.shutdown(Duration::from_secs(10)).await?; // it is written now
    /// # writing.await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn busy(&self) -> Busy {
        Busy { _counted: self.0.under_way.enter() }
    }
}
