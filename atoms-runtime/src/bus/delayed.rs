//! The posted events of a bus that are not due yet.

use futures_util::future::join_all;

use crate::engine::Bus;
use crate::queue::{DelayedEvent, DelayedFilter};
use crate::store::StoreError;

/// How many events are listed if no limit is given, and read from a store at once.
const PAGE: usize = 1_024;

/// The posted events of a bus that are not due yet: what [`Bus::delayed`] returns. An event that a handler of a posted
/// event has posted is among them when that handler is done.
///
/// ```
/// use std::time::Duration;
///
/// use atoms::{Bus, event};
///
/// #[event(type = "shop.payment.overdue")]
/// struct PaymentOverdue {
///     order_id: String,
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let bus = Bus::builder().without_discovery().start()?;
/// for order_id in ["o-1", "o-2"] {
///     let overdue = PaymentOverdue { order_id: order_id.into() };
///     bus.post(overdue).after(Duration::from_secs(86_400)).named("reminder", order_id).await?;
/// }
/// let reminders = bus.delayed().named("reminder").list().await?;
/// assert_eq!(reminders[1].name().unwrap().key(), "o-2");
///
/// // The order is paid.
/// assert_eq!(bus.delayed().named("reminder").key("o-1").cancel_all().await?, 1);
/// assert_eq!(bus.delayed().list().await?.len(), 1);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use = "nothing is listed or cancelled before `list` or `cancel_all`"]
pub struct DelayedPosts<'a> {
    bus: &'a Bus,
    filter: DelayedFilter,
    limit: usize,
}

impl Bus {
    /// Returns the posted events that are not due yet, to list and to cancel them.
    pub fn delayed(&self) -> DelayedPosts<'_> {
        DelayedPosts { bus: self, filter: DelayedFilter::default(), limit: PAGE }
    }
}

impl DelayedPosts<'_> {
    /// Selects those with this [name](crate::Delayed::named).
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.filter.name = Some(name.into());
        self
    }

    /// Selects those with this key of their name.
    pub fn key(mut self, key: impl ToString) -> Self {
        self.filter.key = Some(key.to_string());
        self
    }

    /// Sets how many are listed at most: 1,024 by default. It does not limit [`cancel_all`](Self::cancel_all).
    pub fn limit(mut self, events: usize) -> Self {
        self.limit = events;
        self
    }

    /// Returns them, sorted by when they are due. Fails if the [backlog](crate::BusBuilder::backlog) does.
    pub async fn list(self) -> Result<Vec<DelayedEvent>, StoreError> {
        let Self { bus, filter, limit } = self;
        let mut delayed = bus.0.queue.0.delayed(&filter, limit);
        if let Some(stored) = bus.0.stored() {
            delayed.extend(stored.backlog.delayed(filter, limit).await?);
            delayed.sort_by_key(DelayedEvent::due);
            delayed.truncate(limit);
        }
        Ok(delayed)
    }

    /// Cancels them, and returns how many. Fails if the [backlog](crate::BusBuilder::backlog) does; some may be cancelled
    /// then.
    pub async fn cancel_all(self) -> Result<usize, StoreError> {
        let mut count = self.bus.0.queue.0.cancel_all(&self.filter);
        let Some(stored) = self.bus.0.stored() else { return Ok(count) };
        loop {
            let page = stored.backlog.delayed(self.filter.clone(), PAGE).await?;
            let before = count;
            // At once, so that they may share a commit.
            let cancelled = page.iter().map(|delayed| stored.backlog.cancel(delayed.event().id().clone()));
            for was_cancelled in join_all(cancelled).await {
                count += usize::from(was_cancelled?);
            }
            // What is due by now is not cancelled.
            if count == before {
                return Ok(count);
            }
        }
    }
}
