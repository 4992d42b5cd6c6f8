//! What a handler may know of the delivery that it is called for.

use std::sync::Arc;

use super::RequestError;
use crate::engine::{Bus, Engine};
use crate::event::{EventId, IntoRequest, Metadata, Request, Timestamp};
use crate::handler::{Delivery, ExtractError, FromDelivery, HandlerInfo, PrepareError, StartContext};

/// What a handler may know of the delivery that it is called for, and the bus that it runs on.
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
}

impl Context {
    /// The bus. What is emitted on it while the handler runs is a consequence of its event, and
    /// has a receipt of its own; what a task that the handler spawned emits later is not known as one.
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

    /// The handler that is called.
    pub fn handler(&self) -> &'static HandlerInfo {
        self.handler
    }

    /// The id of the event.
    pub fn id(&self) -> &EventId {
        &self.id
    }

    /// The timestamp of the event.
    pub fn timestamp(&self) -> Timestamp {
        self.timestamp
    }

    /// The metadata of the event.
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// How many events lie between this one and the one that its chain began with.
    pub fn hops(&self) -> u32 {
        self.hops
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
        })
    }
}

impl Delivery<'_> {
    /// The bus that the handler runs on.
    pub fn bus(&self) -> Bus {
        let shared = self.caller().bus().downcast_ref::<Arc<Engine>>();
        Bus::from(Arc::clone(shared.expect("only this bus makes deliveries")))
    }
}
