//! The layers around a handler that has a transaction: an async one that waits for the connection and the disk, and inside
//! of it a sync one on the handler's thread.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use atoms_runtime::{
    Around, Delivery, HandlerInfo, Layer, LogLimit, Next, NotDone, Outcome, StoreError, SyncLayer, SyncNext,
    Veto,
};
use rusqlite::Connection;
use tokio::time::sleep;

use super::inbox;
use super::tx::ConnectionLent;
use crate::backlog::{Done, Leases, Written};
use crate::file::{Batch, Failed, File, Lease, Limits};
use crate::sqlite::Sqlite;

/// The layers around handlers that have a transaction, from the outside to the inside.
pub(crate) fn layers(store: &Sqlite) -> (Turns, InTransaction) {
    let (file, leases) = (Arc::clone(&store.file), Arc::clone(store.leases()));
    let letter_limits = store.letters.limits;
    (Turns(Arc::clone(&file)), InTransaction { file, leases, letter_limits, inbox: store.inbox })
}

/// The first and the longest wait after which a file that failed is tried again.
const RETRY: [Duration; 2] = [Duration::from_millis(50), Duration::from_secs(5)];

/// A failure of the file may repeat each time.
static FAILED: LogLimit = LogLimit::new(10, "more failures of transactions");

/// Waits for the writer's connection, and commits what the handler has done.
#[derive(Debug)]
pub(crate) struct Turns(Arc<File>);

/// The connection of one attempt, and its outcome.
#[derive(Debug)]
struct Turn(Mutex<(Lease, Progress)>);

#[derive(Debug)]
enum Progress {
    /// There is nothing to commit.
    Begun,
    /// The transaction will be committed, with what acknowledges the delivery if its event was posted.
    Done(Option<Written>),
    /// The file failed when this crate wrote its own rows.
    Failed(StoreError),
}

impl Turns {
    /// Calls the handler in a transaction, which may be rolled back. Fails if the file does.
    async fn attempt(&self, next: &mut Next<'_>) -> Result<Outcome, StoreError> {
        let turn = Turn(Mutex::new((self.0.lend().await?, Progress::Begun)));
        let outcome = next.run_with(&turn).await;
        match turn.0.into_inner().unwrap_or_else(PoisonError::into_inner) {
            (lease, Progress::Done(written)) if outcome.is_ok() => {
                lease.commit().await?;
                written.into_iter().for_each(Written::committed);
            }
            (_, Progress::Failed(error)) => return Err(error),
            _ => {}
        }
        Ok(outcome)
    }
}

impl Layer for Turns {
    /// If the file fails, the handler is called again, since nothing of what it did is left.
    async fn deliver(&self, _: &Delivery<'_>, next: &mut Next<'_>) -> Outcome {
        let mut wait = RETRY[0];
        loop {
            match self.attempt(next).await {
                Ok(outcome) => return outcome,
                Err(error) if FAILED.allows() => {
                    tracing::error!(%error, "the transaction of a handler failed, and is tried again");
                }
                Err(_) => {}
            }
            sleep(wait).await;
            wait = (2 * wait).min(RETRY[1]);
        }
    }

    fn covers(&self, handler: &HandlerInfo) -> bool {
        handler.is_lent()
    }

    fn around(&self) -> Around {
        Around::Attempt
    }
}

/// Lends the connection to the handler, and then records in the same transaction that the handler is done.
#[derive(Debug)]
pub(crate) struct InTransaction {
    file: Arc<File>,
    leases: Arc<Leases>,
    letter_limits: Limits,
    /// How many records of done handlers are kept.
    inbox: usize,
}

impl InTransaction {
    /// Records that the handler is done, and stores what it emitted and posted.
    fn finish(&self, connection: &Connection, delivery: &Delivery<'_>) -> Result<Option<Written>, Failed> {
        let Some(done) = delivery.acknowledgement() else { return Ok(None) };
        let batch = Batch::new(connection);
        let written = Done::of(done, &self.file)?.write(&batch, &self.leases, self.letter_limits)?;
        batch.write()?;
        Ok(Some(written))
    }

    fn deliver_on(
        &self,
        connection: &Connection,
        delivery: &Delivery<'_>,
        next: &mut SyncNext<'_>,
    ) -> Result<Option<Written>, Stop> {
        let (handler, event) = (delivery.handler().id(), delivery.id().to_string());
        if !inbox::has(connection, handler, &event)? {
            // It is gone if the handler ends the transaction, and if it then begins another one.
            execute(connection, "SAVEPOINT atoms_handler")?;
            next.run_lending::<ConnectionLent>(&connection).map_err(Stop::NotDone)?;
            if connection.is_autocommit() || execute(connection, "RELEASE atoms_handler").is_err() {
                let ended = Veto::new("the handler has ended the transaction itself, which it must not do");
                return Err(Stop::NotDone(ended.into()));
            }
            inbox::add(connection, handler, &event, self.inbox)?;
        }
        Ok(self.finish(connection, delivery)?)
    }
}

fn execute(connection: &Connection, sql: &str) -> Result<(), Failed> {
    connection.prepare_cached(sql)?.execute([])?;
    Ok(())
}

/// Why the transaction is rolled back.
enum Stop {
    NotDone(Box<NotDone>),
    File(Failed),
}

impl From<Failed> for Stop {
    fn from(failed: Failed) -> Self {
        Self::File(failed)
    }
}

impl Layer for InTransaction {
    async fn deliver(&self, _: &Delivery<'_>, next: &mut Next<'_>) -> Outcome {
        next.run().await
    }

    fn covers(&self, handler: &HandlerInfo) -> bool {
        handler.is_lent()
    }

    fn around(&self) -> Around {
        Around::Attempt
    }

    fn as_sync(&self) -> Option<&dyn SyncLayer> {
        Some(self)
    }
}

impl SyncLayer for InTransaction {
    fn deliver(&self, delivery: &Delivery<'_>, next: &mut SyncNext<'_>) -> Outcome {
        let Some(turn) = delivery.extension::<Turn>() else { return next.run() };
        let mut turn = turn.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (lease, progress) = &mut *turn;
        let Some(connection) = lease.connection() else { return next.run() };
        let (error, is_file) = match self.deliver_on(connection, delivery, next) {
            Ok(written) => {
                *progress = Progress::Done(written);
                return Ok(());
            }
            Err(Stop::NotDone(not_done)) => return Err(not_done),
            Err(Stop::File(failed)) => {
                let is_file = matches!(failed, Failed::File(_));
                (StoreError::from(failed), is_file)
            }
        };
        if is_file {
            *progress = Progress::Failed(error.clone());
        }
        Err(Veto::new(error.to_string()).into())
    }
}
