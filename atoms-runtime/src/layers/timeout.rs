//! `timeout = "2s"`

use std::time::Duration;

use crate::engine::layer::{Layer, Next};
use crate::engine::runner::Outcome;
use crate::handler::{Delivery, FailureKind};

/// Cuts a call off after some time, each attempt for itself.
pub(super) struct Timed(pub(super) Duration);

impl Layer for Timed {
    async fn deliver(&self, _: &Delivery<'_>, next: &mut Next<'_>) -> Outcome {
        let called = tokio::time::timeout(self.0, next.run()).await;
        called.unwrap_or_else(|_| Err(FailureKind::TimedOut { after: self.0 }.into()))
    }
}
