//! A session and the bus: handlers that run as its own, and its events there.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use atoms_runtime::__private::{Call, Shown};
use atoms_runtime::{AnyEvent, LogLimit, Metadata};
use futures_util::FutureExt;

use super::{CURRENT, SOURCE, Session};

/// What a client sends, and what a node emits, is shown to the bus, if that has room or not.
static UNSEEN: LogLimit = LogLimit::new(1, "more events of sessions were not seen on the bus");

impl Session {
    /// Runs `future` as a handler of this session, for `event`.
    pub(crate) fn enter<'a, F: Future>(&'a self, event: &'a AnyEvent, future: F) -> Entered<'a, F> {
        Entered { session: self, event, future }
    }

    /// An event of the session, with metadata that say so.
    pub(super) fn as_on_bus(&self, event: &AnyEvent) -> AnyEvent {
        let mut metadata: Metadata = event.metadata().clone();
        metadata.set_session_id(self.id());
        metadata.set_source(SOURCE);
        event.clone().with_metadata(metadata)
    }

    /// Shows an event of the session to those on the bus who take it.
    pub(super) async fn show_to_bus(&self, event: &AnyEvent) {
        let bus = self.bus_ref();
        if !bus.takes(event.known_type()) {
            return;
        }
        if let Err(error) = bus.post_any(self.as_on_bus(event)).await
            && UNSEEN.allows()
        {
            tracing::error!(session = self.id(), %error, "an event of a session is not seen on the bus");
        }
    }

    /// The same, from a handler, for which there is always room, or from what stands around one.
    pub(crate) fn show_to_bus_now(&self, event: &AnyEvent) {
        let show = || self.show_to_bus(event).now_or_never();
        let shown = if CURRENT.is_set() { show() } else { Call::enter(&self.init_event(), show) };
        if shown.is_none() && UNSEEN.allows() {
            let r#type = Shown(event.event_type());
            tracing::error!(session = self.id(), ?r#type, "the bus is too busy to see an event of a session");
        }
    }
}

pin_project_lite::pin_project! {
    /// A future that runs as a handler of a session.
    pub(crate) struct Entered<'a, F> {
        session: &'a Session,
        event: &'a AnyEvent,
        #[pin]
        future: F,
    }
}

impl<F: Future> Future for Entered<'_, F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        CURRENT.set(this.session, || Call::enter(this.event, || this.future.poll(cx)))
    }
}
