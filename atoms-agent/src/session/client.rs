//! A session and its client: what that sends, and what it is told.

use std::future::{Future, poll_fn};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use atoms_runtime::{AnyEvent, Envelope, Event, Metadata};
use tokio::time::Instant;

use super::broken::end_of_unread;
use super::{SOURCE, Session, SessionEnd, Sessions};
use crate::events::{Init, SystemInterrupt, UpdateOutputAgentSettings};
use crate::node::flight::Flight;
use crate::node::mailbox::Mailbox;

impl Sessions {
    /// The [`Init`] that a client has sent as its first frame.
    pub(super) fn read_init(&self, frame: &[u8]) -> Result<Arc<Envelope<Init>>, SessionEnd> {
        let event = self.bus().decode(frame).map_err(|error| {
            let wrong = || format!("the first event must be `{}`: {error}", Init::TYPE);
            end_of_unread(None, &error).unwrap_or_else(|| SessionEnd::NotBegun(wrong()))
        })?;
        let (size, limit) = (event.size(), self.0.options.init_bytes);
        if size > limit {
            let why = format!("the first event takes {size} bytes of memory, and the limit is {limit}");
            return Err(SessionEnd::NotBegun(why));
        }
        event.downcast::<Init>().map_err(|other| {
            let found = other.event_type();
            SessionEnd::NotBegun(format!("the first event must be `{}`, and not `{found}`", Init::TYPE))
        })
    }
}

impl Session {
    /// An event of the client, whatever that says in its metadata, belongs to this session, and comes from
    /// outside.
    pub(super) fn claim(&self, event: AnyEvent) -> AnyEvent {
        let said = event.metadata();
        if said.session_id().is_none() && said.source() != Some(SOURCE) {
            return event;
        }
        let metadata = claimed(said, self.id());
        event.with_metadata(metadata)
    }

    /// Makes an event of the client a flight of this turn. Settings are heeded at once, and so is an
    /// interrupt, with which a new turn begins.
    pub(super) fn admit(&self, event: AnyEvent) -> Flight {
        if let Some(update) = event.downcast_ref::<UpdateOutputAgentSettings>()
            && let Some(may) = update.settings.get("interruptible")
        {
            self.0.may_be_interrupted.store(may, Ordering::Relaxed);
        }
        self.heed(&event);
        self.flight(event, self.turn()).sent_by_client()
    }

    /// Begins a new turn if the event is an interrupt, and the session may be interrupted.
    pub(super) fn heed(&self, event: &AnyEvent) {
        if event.is::<SystemInterrupt>() && self.0.may_be_interrupted.load(Ordering::Relaxed) {
            self.interrupt();
        }
    }

    pub(super) fn put_at_roots(&self, flight: Flight) {
        self.put(flight, &self.0.plan.roots);
    }

    /// Whether this is true of the mailboxes of all roots.
    pub(super) fn roots(&self, condition: fn(&Mailbox) -> bool) -> bool {
        self.all(&self.0.plan.roots, condition)
    }

    pub(super) fn room_at_roots(&self) -> impl Future<Output = ()> {
        poll_fn(|cx| self.poll_room(&self.0.plan.roots, cx))
    }

    pub(super) fn room_at_client(&self) -> impl Future<Output = ()> {
        poll_fn(|cx| self.poll_room(&[self.0.plan.client()], cx))
    }

    /// Sends an event straight to the client.
    pub(super) fn tell<E: Event>(&self, event: E) {
        let event = Envelope::new(event).into();
        self.put(self.flight(event, self.turn()), &[self.0.plan.client()]);
    }

    /// Ends the session in a while, if the client does not.
    pub(super) fn end_after(&self, grace: Duration) {
        // The first end of the call is the one that counts.
        let _ = self.0.ends_at.set(Instant::now() + grace);
        self.0.changed.notify_waiters();
    }
}

/// What a client says beside an event, but for what it has no say in.
pub(super) fn claimed(said: &Metadata, session_id: &str) -> Metadata {
    let mut metadata = said.clone();
    if said.source() == Some(SOURCE) {
        metadata.remove("source");
    }
    if said.session_id().is_some() {
        metadata.set_session_id(session_id);
    }
    metadata
}
