//! `timeout = "2s"`

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use super::call;
use crate::engine::runner::{HandlerFuture, NotDone, RunAsync, decorate};
use crate::engine::step::Step;
use crate::handler::FailureKind;

/// A handler whose calls are cut off after some time, each attempt for itself.
pub(crate) struct Timed {
    inner: Arc<dyn RunAsync>,
    limit: Duration,
}

impl Timed {
    pub(crate) fn new(inner: Arc<dyn RunAsync>, limit: Duration) -> Self {
        Self { inner, limit }
    }
}

impl RunAsync for Timed {
    fn start<'a>(&'a self, step: &'a Step<'a>, mut room: Pin<&mut Option<HandlerFuture<'a>>>) {
        room.set(Some(HandlerFuture::from_or_box(async move {
            let call = tokio::time::timeout(self.limit, call(&*self.inner, step));
            call.await.unwrap_or_else(|_| Err(NotDone::failed(FailureKind::TimedOut { after: self.limit })))
        })));
    }

    decorate!();
}
