//! What the agents say to each other.

use atoms::event;

/// Sales is to answer.
#[event(type = "desk.sales.turn")]
pub struct SalesTurn {
    /// The customer wants to buy, and not only to know a price.
    pub buys: bool,
}

/// Support is to answer: the customer asks for a parcel.
#[event(type = "desk.support.turn")]
pub struct SupportTurn {
    pub order: u32,
}

/// The customer wants to talk to a human.
#[event(type = "desk.colleague.wanted")]
pub struct ColleagueWanted;

/// The carrier has said where a parcel is. It comes from outside of the conversation.
#[event(type = "desk.parcel.found", from(bus))]
pub struct ParcelFound {
    pub order: u32,
    pub place: String,
}

/// A colleague has talked to the customer, and the agents go on.
#[event(type = "desk.colleague.left", from(bus))]
pub struct ColleagueLeft;
