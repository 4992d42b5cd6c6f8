//! Events that several crates share, and library functions that emit them.

use atoms::prelude::*;
use atoms::{IntoEnvelope, Receipt};

/// Owes nobody a handler.
#[event(type = "shop.order.created")]
pub struct OrderCreated {
    /// Which order.
    pub order_id: String,
}

/// `billing` handles it.
#[event(type = "shop.order.paid", must_handle)]
pub struct OrderPaid {
    /// Which order.
    pub order_id: String,
}

/// `shipping` handles it; its type string is almost that of [`OrderPaid`].
#[event(type = "shop.order_paid", must_handle)]
pub struct OrderPaidInCash {
    /// Which order.
    pub order_id: String,
}

/// Emits [`OrderPaid`], and so asks for a handler wherever it is called.
pub async fn pay(bus: &Bus) -> Receipt {
    bus.emit(OrderPaid { order_id: "o-1".into() }).await
}

/// Emits [`OrderPaidInCash`].
pub async fn pay_in_cash(bus: &Bus) -> Receipt {
    bus.emit(OrderPaidInCash { order_id: "o-1".into() }).await
}

/// Asks for a handler of each event that it is called with.
pub async fn pass_on<I: IntoEnvelope>(bus: &Bus, event: I) -> Receipt {
    bus.emit(event).await
}

/// `quotes` answers it, and `discounts` as well.
#[request(type = "shop.quote.get", reply = u64)]
pub struct GetQuote {
    /// Of what.
    pub item: String,
}

/// `quotes` answers it.
#[request(type = "shop.tax.get", reply = u64)]
pub struct GetTax {}

/// Nobody answers it.
#[request(type = "shop.rebate.get", reply = u64)]
pub struct GetRebate {}

/// Asks [`GetTax`], and so asks for a handler wherever it is called.
pub async fn tax(bus: &Bus) -> u64 {
    bus.request(GetTax {}).await.unwrap_or_default()
}

/// Asks [`GetRebate`].
pub async fn rebate(bus: &Bus) -> u64 {
    bus.request(GetRebate {}).await.unwrap_or_default()
}
