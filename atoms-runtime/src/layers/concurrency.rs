//! `concurrency = 4`

use tokio::sync::Semaphore;

use crate::engine::layer::{Layer, Next};
use crate::engine::runner::Outcome;
use crate::handler::Delivery;

/// Lets some calls of a handler run at once, and the others wait for their turn, in order.
pub(super) struct Limited {
    turns: Semaphore,
}

impl Limited {
    pub(super) fn new(calls: usize) -> Self {
        Self { turns: Semaphore::new(calls.min(Semaphore::MAX_PERMITS)) }
    }
}

impl Layer for Limited {
    async fn deliver(&self, _: &Delivery<'_>, next: &mut Next<'_>) -> Outcome {
        // Nobody closes the semaphore.
        let _turn = self.turns.acquire().await;
        next.run().await
    }
}
