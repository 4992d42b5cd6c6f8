//! `concurrency = 4`

use std::pin::Pin;
use std::sync::Arc;

use tokio::sync::Semaphore;

use super::call;
use crate::engine::runner::{HandlerFuture, RunAsync, decorate};
use crate::engine::step::Step;

/// A handler of which some calls run at once, and the others wait for their turn, in order.
pub(crate) struct Limited {
    inner: Arc<dyn RunAsync>,
    turns: Semaphore,
}

impl Limited {
    pub(crate) fn new(inner: Arc<dyn RunAsync>, calls: usize) -> Self {
        Self { inner, turns: Semaphore::new(calls.min(Semaphore::MAX_PERMITS)) }
    }
}

impl RunAsync for Limited {
    fn start<'a>(&'a self, step: &'a Step<'a>, mut room: Pin<&mut Option<HandlerFuture<'a>>>) {
        room.set(Some(HandlerFuture::from_or_box(async move {
            // Nobody closes the semaphore.
            let _turn = self.turns.acquire().await;
            call(&*self.inner, step).await
        })));
    }

    decorate!();
}
