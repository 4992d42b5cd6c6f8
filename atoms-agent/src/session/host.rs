//! A session as the host of its nodes, and its events on the bus.

use std::sync::atomic::Ordering;

use atoms_runtime::{AnyEvent, LogLimit, PostError, Shown};

use super::sessions::Counters;
use super::{SOURCE, Session, SessionEnd};
use crate::instance::{AnyState, Host};

/// Events of clients and nodes are lost to the bus when it has no room.
static UNSEEN: LogLimit = LogLimit::new(1, "more events of sessions were not seen on the bus");

impl Session {
    /// Posts an event of the session on the bus, if anybody there takes it, and waits for room.
    pub(super) async fn show_to_bus(&self, event: &AnyEvent) {
        let bus = self.bus_ref();
        if bus.takes(event.known_type())
            && let Err(error) = bus.post_any(self.as_on_bus(event)).await
        {
            self.unseen(event, &error);
        }
    }

    fn counters(&self) -> &Counters {
        &self.0.sessions.0.counters
    }

    fn unseen(&self, event: &AnyEvent, error: &PostError) {
        if UNSEEN.allows() {
            let (session, r#type) = (Session::id(self), Shown(event.event_type()));
            tracing::error!(session, ?r#type, %error, "an event of a session is not seen on the bus");
        }
    }
}

impl Host for Session {
    fn id(&self) -> Option<&str> {
        Some(Session::id(self))
    }

    fn fail(&self, why: String) {
        self.end_with(SessionEnd::Failed(why));
    }

    /// It does not wait for room on the bus, since it is called in handlers and layers.
    fn show(&self, event: &AnyEvent) {
        let shown = self.bus_ref().post_any(self.as_on_bus(event)).beyond_capacity().try_send();
        shown.unwrap_or_else(|error| self.unseen(event, &error));
    }

    fn states(&self) -> &[AnyState] {
        self.0.states.loaded()
    }

    fn count_failure(&self) {
        self.counters().background_failures.fetch_add(1, Ordering::Relaxed);
    }

    fn count_missed(&self) {
        self.counters().background_missed.fetch_add(1, Ordering::Relaxed);
    }

    /// Its metadata contain the id of the session.
    fn as_on_bus(&self, event: &AnyEvent) -> AnyEvent {
        let mut metadata = event.metadata().clone();
        metadata.set_session_id(Session::id(self));
        metadata.set_source(SOURCE);
        let (event, on_bus) = (event.clone().with_metadata(metadata), &self.0.on_bus);
        let is_own = event.carrying() == self.instance().init_event().carrying();
        let carrying = if is_own { on_bus.clone() } else { on_bus.or(event.carrying()) };
        event.with_carrying(carrying)
    }
}
