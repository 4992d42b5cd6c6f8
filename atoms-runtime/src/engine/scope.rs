//! Which event's handler runs on this thread, so that what it emits is known as its consequence.

use super::Bus;
use crate::event::{AnyEvent, Cause, Head, InheritedKeys};

scoped_tls::scoped_thread_local! {
    static CURRENT: Head
}

/// Runs a handler of the event with this envelope.
#[inline]
pub(crate) fn enter<R>(head: &Head, handler: impl FnOnce() -> R) -> R {
    CURRENT.set(head, handler)
}

/// The envelope of the event whose handler runs on this thread, if one does.
#[inline]
pub(crate) fn current(keys: &InheritedKeys) -> Option<Box<Head>> {
    if CURRENT.is_set() { copy_of_current(keys) } else { None }
}

#[cold]
#[inline(never)]
fn copy_of_current(keys: &InheritedKeys) -> Option<Box<Head>> {
    CURRENT.with(|head| Some(Box::new(head.as_cause(keys))))
}

impl Cause {
    /// Returns the event whose handler runs on this thread, if one does: for those who make something that follows from
    /// it, and do not get its [`Delivery`](crate::Delivery).
    ///
    /// ```
    /// # use atoms::{Bus, Cause, event, handler};
    /// # #[event(type = "shop.order.created")]
    /// # struct OrderCreated;
    /// #[handler]
    /// fn confirm(_: &OrderCreated) {
    ///     assert!(Cause::current().is_some());
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// assert!(Cause::current().is_none());
    /// Bus::builder().without_discovery().handler::<confirm>().start()?.emit(OrderCreated).await.into_result()?;
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn current() -> Option<Self> {
        Self::current_with(&InheritedKeys::NONE)
    }

    /// Returns the same as the cause of events on this bus: they inherit the keys that the bus
    /// [names](crate::BusBuilder::inherit), too.
    #[inline]
    pub fn current_on(bus: &Bus) -> Option<Self> {
        Self::current_with(&bus.0.inherited)
    }

    #[inline]
    fn current_with(keys: &InheritedKeys) -> Option<Self> {
        if CURRENT.is_set() { Some(CURRENT.with(|head| Self::of(head, keys))) } else { None }
    }

    /// Returns this event as the cause of events on this bus.
    pub fn of_event(event: &AnyEvent, bus: &Bus) -> Self {
        Self::of(event.event_ref().head(), &bus.0.inherited)
    }
}

/// Tells which event's handler runs on this thread, if one does.
pub(crate) fn with_current(tell: impl FnOnce(&Head)) {
    if CURRENT.is_set() {
        CURRENT.with(tell);
    }
}

/// Whether a handler runs on this thread.
pub(crate) fn is_in_handler() -> bool {
    CURRENT.is_set()
}

/// Makes an event that will be posted a consequence of the one whose handler runs on this thread, if one
/// does.
pub(crate) fn following(event: AnyEvent, keys: &InheritedKeys) -> AnyEvent {
    if CURRENT.is_set() { CURRENT.with(|parent| event.posted_by(parent, keys)) } else { event }
}

/// Counts an event that keeps its envelope into the chain of the one whose handler runs on this
/// thread; `None` if none does.
pub(crate) fn nested(keys: &InheritedKeys, event: impl FnOnce() -> AnyEvent) -> Option<AnyEvent> {
    CURRENT.is_set().then(|| CURRENT.with(|parent| event().nested(parent, keys)))
}
