//! What a client has sent, and its session has no room for yet.

use std::collections::VecDeque;

use atoms_runtime::AnyEvent;

use super::Session;
use crate::node::flight::Flight;
use crate::node::mailbox::Mailbox;

/// How many events are read ahead, so that an interrupt behind them is found.
const EVENTS: usize = 1_024;

/// The size of the frames that are read ahead, in bytes; one more may be larger.
const BYTES: usize = 1024 * 1024;

/// The events that wait for room at the roots of the graph, in order. They are read ahead, within limits:
/// an interrupt must not wait behind what it is to stop.
pub(super) struct Inbox<'a> {
    session: &'a Session,
    waiting: VecDeque<(Flight, usize)>,
    bytes: usize,
}

impl<'a> Inbox<'a> {
    pub(super) fn new(session: &'a Session) -> Self {
        Self { session, waiting: VecDeque::new(), bytes: 0 }
    }

    /// Whether another frame may be read.
    pub(super) fn has_room(&self) -> bool {
        self.waiting.len() < EVENTS && self.bytes < BYTES
    }

    /// Takes an event in, whose frame had so many bytes. Interrupts, and what nothing waits before, go on at
    /// once.
    pub(super) fn take(&mut self, event: AnyEvent, bytes: usize) {
        let flight = self.session.admit(event);
        let goes_on = match flight.overtakes {
            true => self.session.roots(Mailbox::has_urgent_room),
            false => self.waiting.is_empty() && self.session.roots(Mailbox::has_room),
        };
        if goes_on {
            self.session.put_at_roots(flight);
        } else {
            self.bytes += bytes;
            self.waiting.push_back((flight, bytes));
        }
    }

    /// Waits for room at the roots for the next event, if there is one, and puts it there. Cancel-safe: the
    /// event is taken out when there is room.
    pub(super) async fn put_next(&mut self) {
        self.session.room_at_roots().await;
        if let Some((flight, bytes)) = self.waiting.pop_front() {
            self.bytes -= bytes;
            if !self.session.is_interrupted(&flight) {
                self.session.put_at_roots(flight);
            }
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }
}
