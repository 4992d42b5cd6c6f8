//! Which events are taken.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use atoms_runtime::{Priority, Ticket};
use rusqlite::Connection;

use super::rows::{self, FoundRow};
use crate::file::{Board, Failed, Ready, Room};

/// Which events are taken. Only this process knows it, which has the file alone: when it ends, nothing is taken.
#[derive(Debug)]
pub(crate) struct Leases {
    state: Mutex<State>,
    board: Arc<Board>,
}

#[derive(Debug, Default)]
struct State {
    /// By the numbers of the events.
    leases: HashMap<u64, Lease>,
    /// The events that are done since something was last taken.
    done: Vec<u64>,
}

/// An event that is taken, or that was given back.
#[derive(Debug)]
struct Lease {
    times: u64,
    is_given_back: bool,
    /// How many commits record that handlers are done with it.
    recording: usize,
    is_done: bool,
    /// The handlers that are not done with it.
    handlers: Vec<String>,
    entry: Entry,
}

/// What is needed to remove an event.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) number: u64,
    pub(super) key: Option<Vec<u8>>,
    pub(super) room: Room,
    pub(super) bytes: usize,
}

impl Lease {
    fn is_free(&self) -> bool {
        self.is_given_back && self.recording == 0 && !self.is_done
    }
}

impl State {
    /// Forgets what is done. What is read after this, no longer has it.
    fn forget_done(&mut self) {
        for number in self.done.drain(..) {
            self.leases.remove(&number);
        }
    }

    fn may_take(&self, number: u64) -> bool {
        self.leases.get(&number).is_none_or(Lease::is_free)
    }

    fn take(&mut self, row: &FoundRow) -> Ticket {
        let (number, entry) = (row.entry.number, row.entry.clone());
        let before = self.leases.get(&number).map_or(row.times, |lease| lease.times);
        let (times, handlers) = (before + 1, row.handlers.clone());
        let lease = Lease { times, is_given_back: false, recording: 0, is_done: false, handlers, entry };
        self.leases.insert(number, lease);
        Ticket { id: number, times }
    }

    fn of(&mut self, ticket: Ticket) -> Option<&mut Lease> {
        let lease = self.leases.get_mut(&ticket.id);
        lease.filter(|lease| lease.times == ticket.times && !lease.is_given_back && !lease.is_done)
    }
}

impl Leases {
    pub(super) fn new(board: Arc<Board>) -> Self {
        Self { state: Mutex::default(), board }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes events that are ready, by their priorities and then in the order of admission, and sees whether there are more.
    /// All of this is done on one thread.
    pub(super) fn take(self: &Arc<Self>, connection: &Connection, limit: usize) -> Result<InFlight, Failed> {
        self.board.begin_take();
        self.lock().forget_done();
        let mut taken = InFlight { rows: Vec::new(), leases: Arc::clone(self) };
        let filled = self.fill(connection, limit, &mut taken);
        self.board.end_take(filled.as_ref().map_or(Ready::Unknown, |has_more| Ready::of(*has_more)));
        filled.map(|_| taken)
    }

    /// Whether there are more.
    fn fill(&self, connection: &Connection, limit: usize, taken: &mut InFlight) -> Result<bool, Failed> {
        let snapshot = connection.unchecked_transaction()?;
        let numbers = {
            let state = self.lock();
            rows::ready(&snapshot, limit.saturating_add(1), |number| state.may_take(number))?
        };
        for number in numbers.iter().take(limit).copied() {
            let row = rows::find(&snapshot, number)?;
            let ticket = self.lock().take(&row);
            let FoundRow { priority, handlers, frame, .. } = row;
            taken.rows.push(TakenRow { ticket, priority, handlers, frame });
        }
        Ok(numbers.len() > limit)
    }

    /// Gives an event back, if the ticket is still valid.
    pub(super) fn give_back(&self, tickets: impl IntoIterator<Item = Ticket>) {
        let (mut state, mut is_ready) = (self.lock(), false);
        for ticket in tickets {
            if let Some(lease) = state.of(ticket) {
                lease.is_given_back = true;
                is_ready |= lease.is_free();
            }
        }
        drop(state);
        self.board.set_ready(Ready::of(is_ready));
    }

    /// Begins to record that these handlers are done with an event, if the ticket is still valid.
    pub(super) fn record(self: &Arc<Self>, ticket: Ticket, handlers: &[String]) -> Option<Recording> {
        let mut state = self.lock();
        let lease = state.of(ticket)?;
        lease.recording += 1;
        let is_last = lease.handlers.iter().all(|handler| handlers.contains(handler));
        let handlers = if is_last { Vec::new() } else { handlers.to_vec() };
        let entry = lease.entry.clone();
        drop(state);
        Some(Recording { leases: Arc::clone(self), entry, handlers, is_last, is_committed: false })
    }
}

/// An event that was taken.
#[derive(Debug)]
pub(super) struct TakenRow {
    pub(super) ticket: Ticket,
    pub(super) priority: Priority,
    pub(super) handlers: Vec<String>,
    pub(super) frame: Vec<u8>,
}

/// Events that were taken, and are not handed out yet. They are given back if this is dropped.
pub(super) struct InFlight {
    pub(super) rows: Vec<TakenRow>,
    leases: Arc<Leases>,
}

impl Drop for InFlight {
    fn drop(&mut self) {
        if !self.rows.is_empty() {
            self.leases.give_back(self.rows.iter().map(|row| row.ticket));
        }
    }
}

/// Handlers that are done with an event, in a transaction that is not committed yet.
///
/// Nobody takes the event meanwhile, also if it is given back.
#[derive(Debug)]
pub(crate) struct Recording {
    leases: Arc<Leases>,
    pub(super) entry: Entry,
    /// The handlers, unless it is known from the start that no others are left.
    handlers: Vec<String>,
    /// Whether no other handlers are left.
    pub(super) is_last: bool,
    is_committed: bool,
}

impl Recording {
    /// The transaction is committed.
    pub(crate) fn committed(mut self) {
        self.is_committed = true;
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        let mut state = self.leases.lock();
        let State { leases, done } = &mut *state;
        let Some(lease) = leases.get_mut(&self.entry.number) else { return };
        lease.recording -= 1;
        match (self.is_committed, self.is_last) {
            (true, true) => {
                lease.is_done = true;
                done.push(self.entry.number);
            }
            (true, false) => lease.handlers.retain(|handler| !self.handlers.contains(handler)),
            (false, _) => {}
        }
        let is_free = lease.is_free();
        drop(state);
        self.leases.board.set_ready(Ready::of(is_free));
    }
}

#[cfg(test)]
mod tests {
    use atoms_runtime::{AnyEvent, Bus, NewPost, RawEvent};

    use super::*;
    use crate::Sqlite;

    /// A store with one event, which is taken.
    async fn taken() -> (tempfile::TempDir, Bus, Sqlite, Ticket) {
        let directory = tempfile::tempdir().unwrap();
        let store = Sqlite::open(directory.path().join("test.db")).unwrap();
        let bus = Bus::builder().without_discovery().start().unwrap();
        store.backlog().start(bus.stored_events());
        let event = RawEvent::new("test.raw", *br#"{"type":"test.raw"}"#, None, None, None);
        store.backlog().post(vec![NewPost::new(AnyEvent::from(event), ["a"])]).await.unwrap();
        let ticket = store.backlog().take(1).await.unwrap()[0].ticket;
        (directory, bus, store, ticket)
    }

    async fn take(store: &Sqlite) -> Vec<Ticket> {
        store.backlog().take(9).await.unwrap().iter().map(|taken| taken.ticket).collect()
    }

    #[tokio::test]
    async fn an_event_that_is_given_back_waits_for_the_commit_that_acknowledges_it() {
        let (_directory, _bus, store, ticket) = taken().await;
        let recording = store.leases().record(ticket, &["a".into()]).unwrap();
        store.backlog().give_back(ticket).await.unwrap();
        assert_eq!(take(&store).await, []);
        // As if that commit had failed.
        drop(recording);
        store.backlog().ready().await.unwrap();
        assert_eq!(take(&store).await, [Ticket { times: 2, ..ticket }]);
    }

    #[tokio::test]
    async fn an_event_that_is_done_is_not_taken_from_what_was_read_before() {
        let (_directory, _bus, store, ticket) = taken().await;
        let recording = store.leases().record(ticket, &["a".into()]).unwrap();
        assert!(recording.is_last);
        let (leases, lease_of) = (Arc::clone(store.leases()), ticket.id);
        recording.committed();
        assert!(!leases.lock().may_take(lease_of), "who reads may have begun before the commit");
        assert!(leases.record(ticket, &["a".into()]).is_none());
        store.backlog().give_back(ticket).await.unwrap();
        assert!(!leases.lock().may_take(lease_of));
        leases.lock().forget_done();
        assert!(leases.lock().leases.is_empty());
    }
}
