//! Which way an event may go.

/// Which way an event may go between a session, its client and the bus, as `from(...)` and `to(...)` in
/// `#[event]` declare it.
///
/// Inside of one session, and on one bus, every event goes to those who handle it.
///
/// ```
/// use atoms::{Directions, Event, event};
///
/// #[event(type = "shop.order.placed", from(client))]
/// struct OrderPlaced;
/// #[event(type = "shop.order.priced")]
/// struct OrderPriced;
///
/// assert!(OrderPlaced::DIRECTIONS.from_client && !OrderPlaced::DIRECTIONS.to_client);
/// assert_eq!(OrderPriced::DIRECTIONS, Directions::INTERNAL);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Directions {
    /// A client may send it.
    pub from_client: bool,
    /// It is sent to the client.
    pub to_client: bool,
    /// The handlers of the bus may send it into a session.
    pub from_bus: bool,
    /// It is meant for handlers of the bus, who see it as they see the other events of a session.
    pub to_bus: bool,
}

impl Directions {
    /// It stays where it is.
    pub const INTERNAL: Self = Self { from_client: false, to_client: false, from_bus: false, to_bus: false };

    /// It may go anywhere.
    pub const ALL: Self = Self { from_client: true, to_client: true, from_bus: true, to_bus: true };
}
