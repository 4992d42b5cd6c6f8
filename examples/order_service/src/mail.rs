//! Mails to customers.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use atoms::prelude::*;
use atoms::{DeliveryFailed, Retryable};
use shop::{OrderConfirmed, PaymentDue, Tenant};

/// A mail server, which can be down. It keeps what was sent.
#[derive(Default)]
pub struct Mailer {
    is_down: AtomicBool,
    sent: Mutex<Vec<Mail>>,
}

/// A mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    pub from: String,
    pub to: String,
    pub text: String,
}

#[derive(Debug, thiserror::Error)]
pub enum MailError {
    #[error("the mail server does not answer")]
    Unreachable,
    #[error("`{0}` is not an address")]
    NoAddress(String),
}

impl Retryable for MailError {
    fn is_retryable(&self) -> bool {
        matches!(self, Self::Unreachable)
    }
}

impl Mailer {
    /// Lets the server go down, or come back.
    pub fn set_down(&self, is_down: bool) {
        self.is_down.store(is_down, Ordering::Relaxed);
    }

    /// Takes what was sent so far.
    pub fn take(&self) -> Vec<Mail> {
        std::mem::take(&mut self.sent.lock().unwrap())
    }

    async fn send(&self, Tenant(from): Tenant, to: &str, text: String) -> Result<(), MailError> {
        if self.is_down.load(Ordering::Relaxed) {
            return Err(MailError::Unreachable);
        }
        if !to.contains('@') {
            return Err(MailError::NoAddress(to.to_owned()));
        }
        self.sent.lock().unwrap().push(Mail { from, to: to.to_owned(), text });
        Ok(())
    }
}

#[handler(retry, concurrency = 4)]
pub(crate) async fn confirmation(
    order: &OrderConfirmed,
    from: Tenant,
    mailer: State<Mailer>,
) -> Result<(), MailError> {
    let text = format!("{} is confirmed: {} cents", order.order_id, order.total_cents);
    mailer.send(from, &order.email, text).await
}

#[handler(retry, concurrency = 4)]
pub(crate) async fn reminder(due: &PaymentDue, from: Tenant, mailer: State<Mailer>) -> Result<(), MailError> {
    mailer.send(from, &due.email, format!("{} is to be paid: {} cents", due.order_id, due.total_cents)).await
}

#[handler]
fn alert(failed: &DeliveryFailed) {
    println!("alert: `{}` failed {} times: {}", failed.event_type, failed.attempts, failed.error);
}
