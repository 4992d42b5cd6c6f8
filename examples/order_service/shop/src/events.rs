//! The events of the shop.

use atoms::prelude::*;

/// A customer has placed an order.
#[event(type = "shop.order.placed")]
pub struct OrderPlaced {
    /// What is posted for one order is handled in order.
    #[event(key)]
    pub order_id: String,
    pub item: String,
    pub count: u64,
    #[event(sensitive)]
    pub email: String,
}

/// The order is accepted, at this price.
#[event(type = "shop.order.confirmed", must_handle)]
pub struct OrderConfirmed {
    #[event(key)]
    pub order_id: String,
    pub total_cents: u64,
    #[event(sensitive)]
    pub email: String,
}

/// The time to pay is over.
#[event(type = "shop.payment.due")]
pub struct PaymentDue {
    #[event(key)]
    pub order_id: String,
    pub total_cents: u64,
    #[event(sensitive)]
    pub email: String,
}

/// The customer has paid.
#[event(type = "shop.payment.received")]
pub struct PaymentReceived {
    #[event(key)]
    pub order_id: String,
    pub cents: u64,
}

/// What so many of an item cost, in cents.
#[request(type = "shop.quote.get", reply = u64)]
pub struct GetQuote {
    pub item: String,
    pub count: u64,
}
