//! Events of a client for which its session, or the bus, has no room yet.

use std::collections::VecDeque;
use std::future::poll_fn;

use atoms_runtime::AnyEvent;
use futures_util::FutureExt;

use super::Session;
use crate::instance::flight::Flight;
use crate::instance::mailbox::Mailbox;

/// How many events are read ahead, so that an interrupt behind them is found.
const EVENTS: usize = 1_024;

/// The events that wait for room at the roots of the graph, in order. They are read ahead, within limits, so that an
/// interrupt does not wait behind the events that it stops.
pub(super) struct Inbox<'a> {
    session: &'a Session,
    waiting: VecDeque<Flight>,
    /// The event for which the bus has no room yet, with its size.
    unseen: VecDeque<(AnyEvent, usize)>,
    /// The bytes of all these events.
    bytes: usize,
    limit: usize,
}

impl<'a> Inbox<'a> {
    /// Creates an inbox for so many bytes of events. The last event may exceed the limit.
    pub(super) fn new(session: &'a Session, limit: usize) -> Self {
        Self { session, waiting: VecDeque::new(), unseen: VecDeque::new(), bytes: 0, limit: limit.max(1) }
    }

    /// Whether another frame may be read.
    pub(super) fn has_room(&self) -> bool {
        self.waiting.len().max(self.unseen.len()) < EVENTS && self.bytes < self.limit
    }

    /// Takes an event in. It goes on at once if it is an interrupt, or if nothing waits before it.
    pub(super) fn take(&mut self, event: AnyEvent) {
        let instance = self.session.instance();
        let flight = instance.admit(event);
        self.show(flight.event.clone());
        let goes_on = match flight.rules.overtakes {
            true => instance.roots(Mailbox::has_urgent_room),
            false => self.waiting.is_empty() && instance.roots(Mailbox::has_room),
        };
        if goes_on {
            instance.put_at_roots(flight, self.session);
        } else {
            self.bytes += flight.size;
            self.waiting.push_back(flight);
        }
    }

    /// Whether an event waits for room.
    pub(super) fn holds_some(&self) -> bool {
        !self.waiting.is_empty() || !self.unseen.is_empty()
    }

    /// Posts an event on the bus, as soon as it has room.
    pub(super) fn show(&mut self, event: AnyEvent) {
        if !self.session.bus_ref().takes(event.known_type()) {
            return;
        }
        if !self.unseen.is_empty() || self.session.show_to_bus(&event).now_or_never().is_none() {
            let size = event.size();
            self.bytes += size;
            self.unseen.push_back((event, size));
        }
    }

    /// Waits for room at the roots, or on the bus, and puts the next event there. Cancel-safe, since the event is taken out
    /// only when there is room.
    pub(super) async fn pass_on(&mut self) {
        let Self { session, waiting, unseen, bytes, .. } = self;
        let instance = session.instance();
        tokio::select! {
            biased;
            () = poll_fn(|cx| instance.poll_room_at_roots(cx)), if !waiting.is_empty() => {
                let Some(flight) = waiting.pop_front() else { return };
                *bytes -= flight.size;
                if !instance.is_dropped(&flight) {
                    instance.put_at_roots(flight, *session);
                }
            }
            () = show_first(session, unseen), if !unseen.is_empty() => {
                *bytes -= unseen.pop_front().map_or(0, |(_, size)| size);
            }
        }
    }
}

async fn show_first(session: &Session, unseen: &VecDeque<(AnyEvent, usize)>) {
    if let Some((event, _)) = unseen.front() {
        session.show_to_bus(event).await;
    }
}
