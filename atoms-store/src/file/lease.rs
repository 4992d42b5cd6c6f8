//! The connection of the writer, lent for one transaction.

use std::fmt;
use std::sync::mpsc::{Sender, channel};

use atoms_runtime::StoreError;
use rusqlite::Connection;
use tokio::sync::oneshot;

use super::thread::gone;

/// A request for the connection.
pub(crate) type Ask = oneshot::Sender<Result<Lease, StoreError>>;

/// The writer's connection, in a transaction that has begun. It is rolled back, unless it is committed.
pub(crate) struct Lease {
    connection: Option<Connection>,
    back: Sender<Back>,
}

/// A connection that is returned.
pub(super) struct Back {
    pub(super) connection: Connection,
    /// Tells the task that waits for the commit; `None` if there is nothing to commit.
    pub(super) commit: Option<oneshot::Sender<Result<(), StoreError>>>,
}

impl Lease {
    /// Lends a connection, and waits until it is returned.
    pub(super) fn lend(connection: Connection, ask: Ask) -> Option<Back> {
        let (back, returned) = channel();
        // If nothing waits for it any more, it is returned at once.
        drop(ask.send(Ok(Self { connection: Some(connection), back })));
        returned.recv().ok()
    }

    pub(crate) fn connection(&self) -> Option<&Connection> {
        self.connection.as_ref()
    }

    /// Commits on the writer's thread, which may wait for the disk.
    pub(crate) async fn commit(mut self) -> Result<(), StoreError> {
        let (reply, done) = oneshot::channel();
        self.give_back(Some(reply));
        done.await.map_err(|_| gone())?
    }

    fn give_back(&mut self, commit: Option<oneshot::Sender<Result<(), StoreError>>>) {
        if let Some(connection) = self.connection.take() {
            // The writer waits for it.
            let _ = self.back.send(Back { connection, commit });
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.give_back(None);
    }
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lease").finish_non_exhaustive()
    }
}
