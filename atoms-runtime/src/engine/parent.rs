//! The event whose handlers run, for the layers around what these emit.

use std::future::poll_fn;
use std::pin::pin;

use super::Engine;
use crate::event::{AnyEvent, Metadata};

scoped_tls::scoped_thread_local! {
    static CURRENT: AnyEvent
}

impl Engine {
    /// Drives what runs the handlers of this event, or emits what follows from it.
    pub(crate) async fn within<F: Future>(&self, parent: &AnyEvent, running: F) -> F::Output {
        if self.emit_layers.is_empty() {
            return running.await;
        }
        let mut running = pin!(running);
        poll_fn(|cx| CURRENT.set(parent, || running.as_mut().poll(cx))).await
    }
}

/// The event that one with this metadata follows from, if its handlers run on this thread.
pub(crate) fn parent_of(metadata: &Metadata) -> Option<AnyEvent> {
    if !CURRENT.is_set() {
        return None;
    }
    let is_it = |parent: &AnyEvent| metadata.causation_id().is_some_and(|cause| parent.id().is(cause));
    CURRENT.with(|parent| is_it(parent).then(|| parent.clone()))
}
