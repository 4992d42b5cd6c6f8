//! Code that runs as a handler of an event.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use atoms_runtime::{AnyEvent, Dispatch};

pin_project_lite::pin_project! {
    /// A future that runs as a handler of an event.
    pub(crate) struct Entered<'a, F> {
        event: &'a AnyEvent,
        #[pin]
        future: F,
    }
}

/// Runs `future` as a handler of this event.
pub(crate) fn enter<F: Future>(event: &AnyEvent, future: F) -> Entered<'_, F> {
    Entered { event, future }
}

impl<F: Future> Future for Entered<'_, F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        Dispatch::enter(this.event, || this.future.poll(cx))
    }
}
