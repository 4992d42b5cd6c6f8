//! The error of a conversion into a set of events.

use crate::event::AnyEvent;

/// An event that is not in a set of events, which is given back.
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

    /// The name of the set.
    pub fn set(&self) -> &'static str {
        self.set
    }

    /// The event.
    pub fn event(&self) -> &AnyEvent {
        &self.event
    }

    /// The event, to be used in another way.
    pub fn into_event(self) -> AnyEvent {
        self.event
    }
}
