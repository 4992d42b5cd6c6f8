//! A session as the host of its nodes, and its events on the bus.

use atoms_runtime::__private::{Call, Shown};
use atoms_runtime::{AnyEvent, LogLimit};
use futures_util::FutureExt;

use super::{SOURCE, Session, SessionEnd};
use crate::instance::{Host, is_in_handler};

/// What a client sends, and what a node emits, is shown to the bus, if that has room or not.
static UNSEEN: LogLimit = LogLimit::new(1, "more events of sessions were not seen on the bus");

impl Session {
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
}

impl Host for Session {
    fn id(&self) -> Option<&str> {
        Some(&self.0.id)
    }

    fn fail(&self, why: String) {
        self.end_with(SessionEnd::Failed(why));
    }

    /// For a handler there is always room on the bus, and so there is for what stands around one.
    fn show(&self, event: &AnyEvent) {
        let show = || self.show_to_bus(event).now_or_never();
        let shown = if is_in_handler() { show() } else { Call::enter(&self.instance().init_event(), show) };
        if shown.is_none() && UNSEEN.allows() {
            let r#type = Shown(event.event_type());
            tracing::error!(
                session = Session::id(self),
                ?r#type,
                "the bus is too busy to see an event of a session"
            );
        }
    }

    /// Its metadata say which session it belongs to.
    fn as_on_bus(&self, event: &AnyEvent) -> AnyEvent {
        let mut metadata = event.metadata().clone();
        metadata.set_session_id(Session::id(self));
        metadata.set_source(SOURCE);
        event.clone().with_metadata(metadata)
    }
}
