//! What other crates add to a bus.

use std::any::{Any, TypeId, type_name};
use std::collections::HashSet;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use super::BusBuilder;
use crate::catalog::StartProblem;
use crate::engine::Bus;
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
    /// Adds to the bus what the extension needs: states, handlers, interceptors.
    ///
    /// It is called once, when the extension is added to a builder; not for one that a running bus
    /// [is given](Bus::extension_or_insert_with).
    fn install(&self, bus: BusBuilder) -> BusBuilder {
        bus
    }

    /// Called once, when the bus runs, before anybody else has it. An error stops the start.
    fn started(&self, _bus: &Bus) -> Result<(), HandlerError> {
        Ok(())
    }

    /// Called once, when the bus is [shut down](Bus::shutdown) and all deliveries have ended, or the deadline has come.
    ///
    /// It must not block. It is not called for a bus that is dropped without a shutdown.
    fn ended(&self) {}
}

/// The extensions of a bus, in the order in which they were added.
#[derive(Default)]
pub(crate) struct Extensions {
    added: RwLock<Vec<Added>>,
    have_ended: AtomicBool,
}

#[derive(Clone)]
struct Added {
    type_id: TypeId,
    name: &'static str,
    extension: Arc<dyn Extension>,
}

impl Added {
    fn new<T: Extension>(extension: Arc<T>) -> Self {
        Self { type_id: TypeId::of::<T>(), name: type_name::<T>(), extension }
    }
}

impl Extensions {
    pub(crate) fn add<T: Extension>(&mut self, extension: Arc<T>) {
        self.added.get_mut().unwrap_or_else(PoisonError::into_inner).push(Added::new(extension));
    }

    fn list(&self) -> Vec<Added> {
        self.added.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn get<T: Extension>(&self) -> Option<Arc<T>> {
        let added = self.added.read().unwrap_or_else(PoisonError::into_inner);
        let found = added.iter().find(|added| added.type_id == TypeId::of::<T>())?;
        let extension: Arc<dyn Any + Send + Sync> = Arc::clone(&found.extension) as _;
        extension.downcast().ok()
    }

    /// The extension, or the one of its type that was there before.
    fn insert<T: Extension>(&self, extension: Arc<T>) -> Arc<T> {
        let mut added = self.added.write().unwrap_or_else(PoisonError::into_inner);
        if !added.iter().any(|added| added.type_id == TypeId::of::<T>()) {
            added.push(Added::new(extension));
        }
        drop(added);
        self.get().expect("one of this type was found or pushed")
    }

    /// The types that were added twice.
    pub(crate) fn check(&self) -> Vec<StartProblem> {
        let mut types = HashSet::new();
        let added = self.list().into_iter();
        let seconds = added.filter(|added| !types.insert(added.type_id));
        seconds.map(|added| StartProblem::ExtensionTwice { extension: added.name }).collect()
    }

    /// Tells each that the bus runs.
    pub(crate) fn start(&self, bus: &Bus) -> Vec<StartProblem> {
        let started = self.list().into_iter().map(|Added { name, extension, .. }| {
            let started = extension.started(bus);
            started.map_err(|cause| StartProblem::Extension { extension: name, cause })
        });
        started.filter_map(Result::err).collect()
    }

    /// Tells each, last to first, that the bus has ended.
    pub(crate) fn end(&self) {
        if !self.have_ended.swap(true, Ordering::Relaxed) {
            self.list().iter().rev().for_each(|added| added.extension.ended());
        }
    }
}

impl fmt::Debug for Extensions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.list().iter().map(|added| added.name)).finish()
    }
}

impl Bus {
    /// The extension of this type, if the bus has one.
    pub fn extension<T: Extension>(&self) -> Option<Arc<T>> {
        self.0.extensions.get()
    }

    /// The extension of this type; if there is none, the one that `make` returns. That one is not told of the start,
    /// which is over. Of several that are made at the same time, one stays.
    pub fn extension_or_insert_with<T: Extension>(&self, make: impl FnOnce() -> T) -> Arc<T> {
        self.extension().unwrap_or_else(|| self.0.extensions.insert(Arc::new(make())))
    }
}
