//! Whether a piece of work was cancelled.

use std::fmt;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;

use super::{Carried, Stored};

/// A token that is cancelled once, and tells all who wait for that. It is cheap to clone, and all clones are one token.
///
/// An event can [carry](Carried) one. Then the [`Context`](crate::Context) of its handlers, and of those of all events
/// that follow from it, says whether it was cancelled. A [`Layer`](crate::Layer) can add one to a delivery instead.
///
/// ```
/// use atoms::{Bus, Cancellation, Context, Envelope, event, handler};
///
/// #[event(type = "shop.import.wanted")]
/// struct ImportWanted;
///
/// #[handler]
/// async fn import(_: &ImportWanted, context: Context) {
///     context.cancelled().await; // or asks `context.is_cancelled()` from time to time
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let bus = Bus::builder().without_discovery().handler::<import>().start()?;
/// let cancellation = Cancellation::new();
/// bus.post(Envelope::new(ImportWanted).carry(cancellation.clone())).await?;
/// cancellation.cancel();
/// bus.idle().await;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default)]
pub struct Cancellation(Arc<Inner>);

#[derive(Default)]
struct Inner {
    is_cancelled: AtomicBool,
    changed: Notify,
}

impl Cancellation {
    /// Creates a token that is not cancelled.
    pub fn new() -> Self {
        Self::default()
    }

    /// Cancels it, and returns whether it was not cancelled before.
    pub fn cancel(&self) -> bool {
        let is_first = !self.0.is_cancelled.swap(true, Ordering::SeqCst);
        self.0.changed.notify_waiters();
        is_first
    }

    /// Returns whether it was cancelled.
    pub fn is_cancelled(&self) -> bool {
        self.0.is_cancelled.load(Ordering::SeqCst)
    }

    /// Waits until it is cancelled; returns at once if it was. Cancel-safe.
    pub async fn cancelled(&self) {
        let mut changed = pin!(self.0.changed.notified());
        changed.as_mut().enable();
        if !self.is_cancelled() {
            changed.await;
        }
    }
}

impl Carried for Cancellation {
    const STORED: Option<Stored<Self>> = None;
}

impl fmt::Debug for Cancellation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cancellation").field("is_cancelled", &self.is_cancelled()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn all_who_wait_are_woken_and_who_comes_later_does_not_wait() {
        let token = Cancellation::new();
        let waiting: Vec<_> = (0..4)
            .map(|_| {
                let token = token.clone();
                tokio::spawn(async move { token.cancelled().await })
            })
            .collect();
        tokio::task::yield_now().await;
        assert!(!token.is_cancelled());
        assert!(token.cancel());
        assert!(!token.cancel(), "it is cancelled once");
        for waiting in waiting {
            waiting.await.unwrap();
        }
        token.cancelled().await;
    }
}
