//! The error of a conversion into a set of events.

use crate::event::AnyEvent;

/// The error that an event is not in a set of events. It gives the event back.
///
/// It is the error of `TryFrom<AnyEvent>` of an [`#[event_set]`](macro@crate::event_set).
///
/// ```
/// use atoms::{AnyEvent, Envelope, NotInSet, event, event_set};
///
/// #[event(type = "shop.order.created")]
/// struct OrderCreated;
/// #[event(type = "shop.stock.low")]
/// struct StockLow;
///
/// #[event_set]
/// enum OrderEvent {
///     Created(OrderCreated),
/// }
///
/// let low = AnyEvent::from(Envelope::new(StockLow));
/// let error: NotInSet = OrderEvent::try_from(low).unwrap_err();
/// assert_eq!(error.to_string(), "`shop.stock.low` is not in the set of events `OrderEvent`");
/// assert!(error.into_event().is::<StockLow>());
/// ```
#[derive(Debug, Clone, thiserror::Error)]
#[error("`{}` is not in the set of events `{set}`", event.event_type())]
pub struct NotInSet {
    set: &'static str,
    event: AnyEvent,
}

impl NotInSet {
    /// For `#[event_set]`.
    #[doc(hidden)]
    pub fn new(set: &'static str, event: AnyEvent) -> Self {
        Self { set, event }
    }

    /// Returns the name of the set.
    pub fn set(&self) -> &'static str {
        self.set
    }

    /// Returns the event.
    pub fn event(&self) -> &AnyEvent {
        &self.event
    }

    /// Returns the event, which is not lost.
    pub fn into_event(self) -> AnyEvent {
        self.event
    }
}
