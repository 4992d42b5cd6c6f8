//! Being told that the list of open questions has changed.

use std::fmt;
use std::sync::Arc;

use tokio::sync::Notify;

use crate::desk::Desk;
use crate::store::QuestionFilter;

/// Tells that questions were opened or have ended: what [`Listing::watch`](super::Listing::watch) returns.
///
/// ```
/// use atoms::control::{Approval, Control, Principal};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let bus = atoms::Bus::start()?;
/// let ada = Principal::new("ada").role("manager");
/// let list = || bus.questions().list().answerable_by(&ada);
///
/// let mut watch = list().watch(); // before the list is read, so that nothing is missed
/// # bus.questions().open(Approval::new("refund").role("manager")).await?;
/// while list().await?.is_empty() && watch.changed().await {}
/// # Ok(())
/// # }
/// ```
///
/// It holds no questions, so it needs no more memory the more there are.
#[must_use = "nobody is told unless `changed` is awaited"]
pub struct Watch {
    desk: Arc<Desk>,
    number: u64,
    changed: Arc<Notify>,
}

impl Watch {
    pub(super) fn new(desk: Arc<Desk>, filter: QuestionFilter) -> Self {
        let (number, changed) = desk.watchers.enter(filter);
        Self { desk, number, changed }
    }

    /// Waits until a question of the list was opened or has ended since the last time, or since this was made. Several
    /// changes may be told as one. Returns `false` when the bus is shut down. Cancel-safe.
    pub async fn changed(&mut self) -> bool {
        if !self.desk.is_closed() {
            self.changed.notified().await;
        }
        !self.desk.is_closed()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.desk.watchers.leave(self.number);
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch").finish_non_exhaustive()
    }
}
