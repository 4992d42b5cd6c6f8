//! The delivery that a handler is called for.

use std::sync::Arc;

use super::RequestError;
use crate::engine::{Bus, Engine};
use crate::event::{Cancellation, EventId, IntoRequest, Metadata, Request, Timestamp};
use crate::handler::{Delivery, ExtractError, FromDelivery, HandlerInfo, PrepareError, StartContext};

/// The delivery that a handler is called for, and the bus that the handler runs on.
///
/// ```
/// use atoms::{Context, event, handler};
///
/// #[event(type = "shop.order.created")]
/// struct OrderCreated;
///
/// #[handler]
/// fn log(_: &OrderCreated, context: Context) {
///     println!("{} for {}", context.handler(), context.id());
/// }
/// ```
#[derive(Debug, Clone)]
pub struct Context {
    bus: Bus,
    handler: &'static HandlerInfo,
    id: EventId,
    timestamp: Timestamp,
    metadata: Metadata,
    hops: u32,
    cancellation: Option<Cancellation>,
}

impl Context {
    /// Returns the bus. An event that is emitted on it while the handler runs is a consequence of the handler's event,
    /// and has a receipt of its own. What a task that the handler spawned emits later is not recognized as a
    /// consequence.
    pub fn bus(&self) -> &Bus {
        &self.bus
    }

    /// Asks a request on the bus, as [`Bus::request`] does.
    pub fn request<I: IntoRequest>(
        &self,
        request: I,
    ) -> I::Returned<
        impl Future<Output = Result<<I::Request as Request>::Reply, RequestError>> + Send + use<'_, I>,
    > {
        self.bus.request(request)
    }

    /// Returns the handler that is called.
    pub fn handler(&self) -> &'static HandlerInfo {
        self.handler
    }

    /// Returns the id of the event.
    pub fn id(&self) -> &EventId {
        &self.id
    }

    /// Returns the timestamp of the event.
    pub fn timestamp(&self) -> Timestamp {
        self.timestamp
    }

    /// Returns the metadata of the event.
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// Returns the number of events before this one in its chain: 0 for the first one.
    pub fn hops(&self) -> u32 {
        self.hops
    }

    /// Returns whether the work that the delivery belongs to was cancelled: the [`Cancellation`] that a
    /// [`Layer`](crate::Layer) has added to the delivery, or otherwise the one that the event carries.
    pub fn is_cancelled(&self) -> bool {
        self.cancellation.as_ref().is_some_and(Cancellation::is_cancelled)
    }

    /// Waits until the work that the delivery belongs to is cancelled; for ever, if nobody can cancel it. Cancel-safe.
    pub async fn cancelled(&self) {
        match &self.cancellation {
            Some(cancellation) => cancellation.cancelled().await,
            None => std::future::pending().await,
        }
    }
}

#[diagnostic::do_not_recommend]
impl FromDelivery for Context {
    type Prepared = ();

    fn prepare(_: &StartContext<'_>) -> Result<(), PrepareError> {
        Ok(())
    }

    fn from_delivery((): &(), delivery: &Delivery<'_>) -> Result<Self, ExtractError> {
        Ok(Self {
            bus: delivery.bus(),
            handler: delivery.handler(),
            id: delivery.id().clone(),
            timestamp: delivery.timestamp(),
            metadata: delivery.metadata().clone(),
            hops: delivery.hops(),
            cancellation: delivery.extension().or_else(|| delivery.carried()).cloned(),
        })
    }
}

impl Delivery<'_> {
    /// Returns the bus that the handler runs on.
    pub fn bus(&self) -> Bus {
        let shared = self.caller().bus().downcast_ref::<Arc<Engine>>();
        Bus::from(Arc::clone(shared.expect("only this bus makes deliveries")))
    }
}
