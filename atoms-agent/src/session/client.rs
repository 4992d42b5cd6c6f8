//! A session and its client: what that sends, and what it is told.

use std::future::{Future, poll_fn};
use std::sync::atomic::Ordering;
use std::task::{Poll, ready};
use std::time::Duration;

use atoms_runtime::{AnyEvent, Envelope, Event};
use tokio::time::Instant;

use super::Session;
use crate::events::{SystemInterrupt, UpdateOutputAgentSettings};

impl Session {
    /// Takes an event of the client in, and waits until the roots have room for another.
    pub(super) async fn take(&self, event: AnyEvent) {
        if let Some(update) = event.downcast_ref::<UpdateOutputAgentSettings>()
            && let Some(may) = update.settings.get("interruptible")
        {
            self.0.may_be_interrupted.store(may, Ordering::Relaxed);
        }
        if event.is::<SystemInterrupt>() && self.0.may_be_interrupted.load(Ordering::Relaxed) {
            self.interrupt();
        }
        self.show_to_bus(&event).await;
        let flight = self.flight(event, self.turn()).sent_by_client();
        self.put(flight, &self.0.plan.roots);
        self.have_room(&self.0.plan.roots).await;
    }

    pub(super) fn have_room(&self, places: &[usize]) -> impl Future<Output = ()> {
        poll_fn(move |cx| {
            for &place in places {
                ready!(self.mailbox(place).poll_room(cx));
            }
            Poll::Ready(())
        })
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
