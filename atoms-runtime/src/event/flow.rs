//! Where an event may go in a conversation.

/// Where an event may go between a session, its client and the bus, and whether an interrupt drops it, as `from(...)`,
/// `to(...)` and `interruptible` in `#[event]` declare it.
///
/// Inside of one session, and on one bus, every event goes to those who handle it.
///
/// ```
/// use atoms::{Event, Flow, event};
///
/// #[event(type = "shop.order.placed", from(client), interruptible)]
/// struct OrderPlaced;
/// #[event(type = "shop.order.priced")]
/// struct OrderPriced;
///
/// assert_eq!(OrderPlaced::FLOW, Flow { from_client: true, interruptible: true, ..Flow::INTERNAL });
/// assert_eq!(OrderPriced::FLOW, Flow::INTERNAL);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flow {
    /// A client may send it.
    pub from_client: bool,
    /// It is sent to the client.
    pub to_client: bool,
    /// The handlers of the bus may send it into a session.
    pub from_bus: bool,
    /// It is meant for handlers of the bus, who see it as they see the other events of a session.
    pub to_bus: bool,
    /// It is dropped when the turn that it belongs to is interrupted.
    pub interruptible: bool,
}

impl Flow {
    /// It stays where it is, and no interrupt drops it.
    pub const INTERNAL: Self =
        Self { from_client: false, to_client: false, from_bus: false, to_bus: false, interruptible: false };
}
