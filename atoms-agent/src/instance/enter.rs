//! Code that runs as a handler of an instance.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use atoms_runtime::__private::Call;
use atoms_runtime::AnyEvent;

use super::Host;

scoped_tls::scoped_thread_local! {
    /// Who runs the instance whose handler runs on this thread.
    static HOST: Arc<dyn Host>
}

/// Whether a handler of an instance runs on this thread.
pub(crate) fn is_in_handler() -> bool {
    HOST.is_set()
}

/// Tells who runs the instance whose handler runs on this thread, if one does.
pub(crate) fn with_host<R>(tell: impl FnOnce(&dyn Host) -> R) -> Option<R> {
    HOST.is_set().then(|| HOST.with(|host| tell(&**host)))
}

pin_project_lite::pin_project! {
    /// A future that runs as a handler of an instance, for an event.
    pub(crate) struct Entered<'a, F> {
        pub(super) host: &'a Arc<dyn Host>,
        pub(super) event: &'a AnyEvent,
        #[pin]
        pub(super) future: F,
    }
}

impl<F: Future> Future for Entered<'_, F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        HOST.set(this.host, || Call::enter(this.event, || this.future.poll(cx)))
    }
}
