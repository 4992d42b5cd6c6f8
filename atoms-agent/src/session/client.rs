//! The events that a session takes from its client and sends to it.

use std::future::{Future, poll_fn};
use std::sync::Arc;
use std::time::Duration;

use atoms_runtime::{AnyEvent, Envelope, Event, Metadata};
use tokio::time::Instant;

use super::Session;

impl Session {
    /// Returns an event of the client with only the metadata that a client may send.
    pub(super) fn claim(&self, event: AnyEvent) -> AnyEvent {
        let said = event.metadata();
        if *said == Metadata::default() {
            return event;
        }
        let kept = self.0.sessions.0.options.client_metadata.of(said);
        event.with_metadata(kept)
    }

    pub(super) fn room_at_client(&self) -> impl Future<Output = ()> {
        poll_fn(|cx| self.instance().end().poll_room(cx))
    }

    /// Sends an event straight to the client.
    pub(super) fn tell<E: Event>(&self, event: E) {
        self.instance().put_at_end(Envelope::new(event).into(), self);
    }

    /// Ends the session after some time, if the client does not end it first.
    pub(super) fn end_after(&self, grace: Duration) {
        // The first end of the call counts. A time that is too far away to be said never comes.
        if let Some(at) = Instant::now().checked_add(grace) {
            let _ = self.0.ends_at.set(at);
        }
        self.0.changed.notify_waiters();
    }
}

/// The metadata that are kept of a client's events.
#[derive(Clone)]
pub(super) struct KeptMetadata {
    pub(super) keys: Arc<[String]>,
    /// The bytes of the keys, and of the values as JSON.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_bounded_for_all_keys_together() {
        let kept = KeptMetadata { keys: ["a", "b", "c"].map(Into::into).into(), bytes: 100 };
        // With its key and the quotes, each takes three bytes more.
        let said = Metadata::from_iter([("a", "x".repeat(47)), ("b", "x".repeat(48)), ("c", "x".repeat(47))]);
        let keys: Vec<_> = kept.of(&said).iter().map(|(key, _)| key.to_owned()).collect();
        assert_eq!(keys, ["a", "c"]);
    }
}
