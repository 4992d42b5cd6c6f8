//! What routes serve: sessions, or a bus without sessions.

use atoms_agent::{Counts, Sessions};
use atoms_runtime::Bus;

/// What [`Routes`](crate::Routes) serve: sessions on their bus, or a bus without sessions.
#[derive(Debug, Clone)]
pub struct Served {
    bus: Bus,
    sessions: Option<Sessions>,
}

impl From<Sessions> for Served {
    fn from(sessions: Sessions) -> Self {
        Self { bus: sessions.bus().clone(), sessions: Some(sessions) }
    }
}

impl From<Bus> for Served {
    fn from(bus: Bus) -> Self {
        Self { bus, sessions: None }
    }
}

impl Served {
    pub(crate) fn bus(&self) -> &Bus {
        &self.bus
    }

    pub(crate) fn sessions(&self) -> Option<&Sessions> {
        self.sessions.as_ref()
    }

    pub(crate) fn counts(&self) -> Option<Counts> {
        self.sessions.as_ref().map(Sessions::counts)
    }

    /// Whether it is to end.
    pub(crate) fn is_closing(&self) -> bool {
        self.bus.is_closed() || self.sessions.as_ref().is_some_and(Sessions::is_closing)
    }
}
