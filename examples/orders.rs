//! A shop: orders are quoted, confirmed and mailed, some of them while the mail server is down.
//!
//! `cargo run --example orders`

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use atoms::prelude::*;
use atoms::{DeliveryFailed, PostError, RequestError, Retryable};

#[event(type = "shop.order.placed")]
struct OrderPlaced {
    /// What is posted for one order is handled in order; orders are handled beside each other.
    #[event(key)]
    order_id: String,
    item: String,
    count: u64,
}

#[event(type = "shop.order.confirmed", must_handle)]
struct OrderConfirmed {
    order_id: String,
    total_cents: u64,
}

#[event(type = "shop.payment.due")]
struct PaymentDue {
    order_id: String,
}

#[request(type = "shop.quote.get", reply = Quote)]
struct GetQuote {
    item: String,
    count: u64,
}

struct Quote {
    total_cents: u64,
}

/// What each item costs, in cents.
struct Prices(HashMap<&'static str, u64>);

#[derive(Debug, thiserror::Error)]
#[error("there are no {0} in this shop")]
struct NoSuchItem(String);

#[handler]
fn quote(ask: &GetQuote, prices: State<Prices>) -> Result<Quote, NoSuchItem> {
    let price = prices.0.get(&*ask.item).ok_or_else(|| NoSuchItem(ask.item.clone()))?;
    Ok(Quote { total_cents: price * ask.count })
}

#[derive(Debug, thiserror::Error)]
enum ConfirmError {
    #[error(transparent)]
    Quote(#[from] RequestError),
    #[error(transparent)]
    Reminder(#[from] PostError),
}

#[handler]
async fn confirm(
    order: &OrderPlaced,
    context: Context,
    out: Emitter<OrderConfirmed>,
) -> Result<(), ConfirmError> {
    let ask = GetQuote { item: order.item.clone(), count: order.count };
    let Quote { total_cents } = context.bus().request(ask).await?;
    out.emit(OrderConfirmed { order_id: order.order_id.clone(), total_cents }).await;
    let reminder = PaymentDue { order_id: order.order_id.clone() };
    context.bus().post(reminder).after(Duration::from_millis(300)).await?;
    Ok(())
}

/// A mail server that can be down.
#[derive(Default)]
struct MailServer {
    is_down: AtomicBool,
}

#[derive(Debug, thiserror::Error)]
enum MailError {
    #[error("the mail server does not answer")]
    Unreachable,
    #[error("a mail of {0} cents is none")]
    Worthless(u64),
}

impl Retryable for MailError {
    fn is_retryable(&self) -> bool {
        matches!(self, Self::Unreachable)
    }
}

#[handler(retry(attempts = 3, delay = "20ms"), timeout = "1s", concurrency = 4)]
async fn mail(order: &OrderConfirmed, server: State<MailServer>) -> Result<(), MailError> {
    if order.total_cents == 0 {
        return Err(MailError::Worthless(order.total_cents));
    }
    if server.is_down.load(Ordering::Relaxed) {
        return Err(MailError::Unreachable);
    }
    println!("mail:     {} is confirmed, it costs {} cents", order.order_id, order.total_cents);
    Ok(())
}

#[handler]
fn remind(due: &PaymentDue) {
    println!("reminder: {} is to be paid", due.order_id);
}

#[handler]
fn alert(failed: &DeliveryFailed) {
    println!("alert:    `{}` failed {} times: {}", failed.event_type, failed.attempts, failed.error);
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let prices = Prices(HashMap::from([("nails", 2), ("hammers", 1_990)]));
    let server = std::sync::Arc::new(MailServer::default());
    let bus = Bus::builder().state(prices).shared_state(server.clone()).start()?;
    let order = |order_id: &str, item: &str, count| OrderPlaced {
        order_id: order_id.into(),
        item: item.into(),
        count,
    };

    bus.post(order("o-1", "hammers", 1)).await?;
    bus.post(order("o-1", "nails", 200)).await?; // after the hammer, since it is the same order
    bus.post(order("o-2", "saws", 1)).await?; // which this shop does not have
    bus.idle().await;

    server.is_down.store(true, Ordering::Relaxed);
    bus.post(order("o-3", "nails", 50)).await?;
    bus.idle().await;

    server.is_down.store(false, Ordering::Relaxed);
    println!("the mail server is back");
    for letter in bus.dead_letters().of::<OrderConfirmed>().await? {
        bus.dead_letters().redeliver(letter.id()).await?.into_result()?;
    }
    for letter in bus.dead_letters().discard_all().await? {
        println!("given up: {letter}");
    }

    bus.expect::<PaymentDue>(|due| due.order_id == "o-3").within(Duration::from_secs(5)).await?;
    bus.shutdown(Duration::from_secs(5)).await?;
    Ok(())
}
