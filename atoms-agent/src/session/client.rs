//! A session and its client: what that sends, and what it is told.

use std::future::{Future, poll_fn};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use atoms_runtime::{AnyEvent, Envelope, Event, Metadata};
use tokio::time::Instant;

use super::Session;
use crate::events::UpdateOutputAgentSettings;
use crate::instance::flight::Flight;
use crate::instance::mailbox::Mailbox;
use crate::protocol::rules::{Rules, Side};

impl Session {
    /// An event of the client, without what that may not say beside it.
    pub(super) fn claim(&self, event: AnyEvent) -> AnyEvent {
        let said = event.metadata();
        if *said == Metadata::default() {
            return event;
        }
        let kept = self.0.sessions.0.options.client_metadata.of(said);
        event.with_metadata(kept)
    }

    /// Makes an event of the client a flight of this turn. Settings are heeded at once, and so is an
    /// interrupt, with which a new turn begins.
    pub(super) fn admit(&self, event: AnyEvent) -> Flight {
        if let Some(update) = event.downcast_ref::<UpdateOutputAgentSettings>()
            && let Some(may) = update.settings.get("interruptible")
        {
            self.0.may_be_interrupted.store(may, Ordering::Relaxed);
        }
        let rules = Rules::of(event.known_type());
        self.heed(rules);
        self.flight(event, rules, self.turn()).sent_by_client()
    }

    /// Begins a new turn if an event with these rules is an interrupt, and the session may be interrupted.
    pub(super) fn heed(&self, rules: Rules) {
        if rules.interrupts == Some(Side::Client) && self.0.may_be_interrupted.load(Ordering::Relaxed) {
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
        let rules = Rules::of(Some(E::event_type()));
        let event = Envelope::new(event).into();
        self.put(self.flight(event, rules, self.turn()), &[self.0.plan.client()]);
    }

    /// Ends the session in a while, if the client does not.
    pub(super) fn end_after(&self, grace: Duration) {
        // The first end of the call is the one that counts.
        let _ = self.0.ends_at.set(Instant::now() + grace);
        self.0.changed.notify_waiters();
    }
}

/// What is kept of the metadata of a client's events.
#[derive(Clone)]
pub(super) struct KeptMetadata {
    pub(super) keys: Arc<[String]>,
    /// Of the keys, and of the values as JSON.
    pub(super) bytes: usize,
}

impl KeptMetadata {
    pub(super) fn of(&self, said: &Metadata) -> Metadata {
        let mut kept = Metadata::new();
        let mut left = self.bytes;
        for key in self.keys.iter() {
            let Some(value) = said.get(key) else { continue };
            let size = key.len() + value.to_string().len();
            if size <= left {
                left -= size;
                kept.insert(key, value.clone());
            }
        }
        kept
    }
}
