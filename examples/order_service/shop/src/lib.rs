//! What the shop sells, and what it does with an order. It knows neither HTTP nor mail.

mod events;
mod prices;
mod tenant;

use std::time::Duration;

use atoms::prelude::*;
use atoms::{PostError, RequestError, StoreError};

pub use events::{GetQuote, OrderConfirmed, OrderPlaced, PaymentDue, PaymentReceived};
pub use prices::{NoSuchItem, Prices};
pub use tenant::Tenant;

/// The name of the reminders that are due later, each for its order.
const REMINDER: &str = "reminder";

/// How long a customer may take to pay before a reminder is sent.
pub const TIME_TO_PAY: Duration = Duration::from_secs(24 * 3_600);

#[derive(Debug, thiserror::Error)]
enum ConfirmError {
    #[error(transparent)]
    Quote(#[from] RequestError),
    #[error(transparent)]
    Reminder(#[from] PostError),
}

/// The confirmation is posted, so that it waits for its turn by its key.
#[handler(post)]
async fn confirm(order: &OrderPlaced, context: Context) -> Result<OrderConfirmed, ConfirmError> {
    let OrderPlaced { order_id, item, count, email } = order.clone();
    let total_cents = context.request(GetQuote { item, count }).await?;
    let reminder = PaymentDue { order_id: order_id.clone(), total_cents, email: email.clone() };
    context.bus().post(reminder).after(TIME_TO_PAY).named(REMINDER, &order_id).await?;
    Ok(OrderConfirmed { order_id, total_cents, email })
}

#[handler]
async fn settle(payment: &PaymentReceived, context: Context) -> Result<(), StoreError> {
    context.bus().delayed().named(REMINDER).key(&payment.order_id).cancel_all().await?;
    Ok(())
}
