//! Tickets that were given back.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use atoms_runtime::Ticket;
use rusqlite::Connection;

use super::rows::{self, TakenRow};
use crate::file::{Board, Failed};

/// Tickets that were given back. The next job that reads or changes what is taken writes them down, so giving back neither
/// waits nor fails. If the process ends before, all is given back at the next start.
#[derive(Debug)]
pub(super) struct Returned {
    tickets: Mutex<Vec<Ticket>>,
    board: Arc<Board>,
}

impl Returned {
    pub(super) fn new(board: Arc<Board>) -> Self {
        Self { tickets: Mutex::default(), board }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Ticket>> {
        self.tickets.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    pub(super) fn add(&self, tickets: impl IntoIterator<Item = Ticket>) {
        self.lock().extend(tickets);
        self.board.wake();
    }

    /// Writes down the tickets, and returns them, for [`forget`](Self::forget) after the commit.
    pub(super) fn write(&self, connection: &Connection) -> Result<Vec<Ticket>, Failed> {
        let tickets = self.lock().clone();
        tickets.iter().try_for_each(|ticket| rows::give_back(connection, *ticket))?;
        Ok(tickets)
    }

    pub(super) fn forget(&self, written: &[Ticket]) {
        self.lock().retain(|ticket| !written.contains(ticket));
    }
}

/// Events that were taken, and are not handed out yet. They are given back if this is dropped.
pub(super) struct InFlight {
    pub(super) rows: Vec<TakenRow>,
    pub(super) returned: Arc<Returned>,
}

impl Drop for InFlight {
    fn drop(&mut self) {
        if !self.rows.is_empty() {
            self.returned.add(self.rows.iter().map(|row| row.ticket));
        }
    }
}
