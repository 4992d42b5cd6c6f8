//! Emitting several events at once.

use futures_util::StreamExt;
use futures_util::stream;

use super::{Bus, Receipt};
use crate::event::IntoEnvelope;

/// How many events of a batch are under way at once.
const AT_ONCE: usize = 64;

impl Bus {
    /// Emits events one after the other, and waits until all are done: their receipts, in the same order.
    ///
    /// Each one's sync handlers run before those of the next; async handlers run beside each other, for
    /// up to 64 events at once. Dropping the future cancels as it does at [`emit`](Self::emit).
    ///
    /// ```
    /// # use atoms::{Bus, event};
    /// # #[event(type = "shop.order.created")]
    /// # struct OrderCreated { order_id: String }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let bus = Bus::start()?;
    /// let orders = ["o-1", "o-2"].map(|id| OrderCreated { order_id: id.into() });
    /// let receipts = bus.emit_all(orders).await;
    /// assert!(receipts.iter().all(|receipt| receipt.is_ok()));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn emit_all<I: IntoEnvelope>(
        &self,
        events: impl IntoIterator<Item = I, IntoIter: Send>,
    ) -> Vec<Receipt> {
        stream::iter(events).map(|event| self.emit(event)).buffered(AT_ONCE).collect().await
    }
}
