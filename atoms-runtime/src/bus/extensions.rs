//! What other crates add to a bus.

use std::any::Any;
use std::sync::Arc;

use super::BusBuilder;
use crate::engine::Bus;
use crate::engine::extensions::AnyExtension;
use crate::handler::HandlerError;

/// Something that belongs to a bus from its start to its end: a store, the agents that run on it, a pool of workers.
///
/// A bus has one extension of each type. [`BusBuilder::extension`] adds it, and [`Bus::extension`] finds it.
///
/// ```
/// use std::sync::atomic::{AtomicU64, Ordering};
/// use std::time::Duration;
///
/// use atoms::{Bus, BusBuilder, Extension, State, event, handler};
///
/// #[event(type = "shop.order.created")]
/// struct OrderCreated;
///
/// #[handler]
/// fn count(_: &OrderCreated, orders: State<AtomicU64>) {
///     orders.fetch_add(1, Ordering::Relaxed);
/// }
///
/// /// Counts the orders of a bus.
/// struct Orders;
///
/// impl Extension for Orders {
///     fn install(&self, bus: BusBuilder) -> BusBuilder {
///         bus.state(AtomicU64::new(0)).handler::<count>()
///     }
///
///     fn ended(&self) {
///         println!("no more orders");
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let bus = Bus::builder().without_discovery().extension(Orders).start()?;
/// bus.emit(OrderCreated).await.into_result()?;
/// assert!(bus.extension::<Orders>().is_some());
/// bus.shutdown(Duration::from_secs(10)).await?;
/// # Ok(())
/// # }
/// ```
pub trait Extension: Any + Send + Sync {
    /// Adds to the bus what the extension needs: states, handlers, layers.
    ///
    /// This is called once, when the extension is added to a builder, but not for one that is [added to a running
    /// bus](Bus::extension_or_insert_with).
    fn install(&self, bus: BusBuilder) -> BusBuilder {
        bus
    }

    /// Called once, when the bus runs, before anybody else has it. An error stops the start.
    fn started(&self, _bus: &Bus) -> Result<(), HandlerError> {
        Ok(())
    }

    /// Called once, when a [shutdown](Bus::shutdown) begins, before it waits for what runs.
    ///
    /// A shutdown waits for running handlers. If they wait for something that the extension will not deliver any more,
    /// it tells them here. This must not block.
    fn closing(&self) {}

    /// Called once, when the bus is [shut down](Bus::shutdown) and all deliveries have ended, or the deadline has come.
    ///
    /// It must not block. It is not called for a bus that is dropped without a shutdown.
    fn ended(&self) {}
}

impl<T: Extension> AnyExtension for T {
    fn started(&self, bus: &Bus) -> Result<(), HandlerError> {
        Extension::started(self, bus)
    }

    fn closing(&self) {
        Extension::closing(self);
    }

    fn ended(&self) {
        Extension::ended(self);
    }
}

impl Bus {
    /// Returns the extension of this type, if the bus has one.
    pub fn extension<T: Extension>(&self) -> Option<Arc<T>> {
        self.0.extensions.get()
    }

    /// Returns the extension of this type, if the bus has one, without a lock: for those who look it up often.
    #[inline]
    pub fn borrow_extension<T: Extension>(&self) -> Option<&T> {
        self.0.extensions.borrow()
    }

    /// Returns the extension of this type. If there is none, adds the one that `make` returns, without telling it of
    /// the start, which is over. If several are added at the same time, one stays, and all callers get that one.
    pub fn extension_or_insert_with<T: Extension>(&self, make: impl FnOnce() -> T) -> Arc<T> {
        self.extension().unwrap_or_else(|| self.0.extensions.insert(Arc::new(make())))
    }
}
