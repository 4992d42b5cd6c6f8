//! The methods that a store adds to a bus.

use std::fmt;

use atoms_control::ControlBuilder;
use atoms_runtime::{Bus, BusBuilder, EventId, Extension, IntoEnvelope, StoreError};
use rusqlite::Connection;

use crate::backlog::{NewRow, post_in};
use crate::sqlite::Sqlite;
use crate::transaction::{HasStore, layers};

/// The methods that a store adds to a [`BusBuilder`].
pub trait StoreBuilder: Sized {
    /// Keeps what is posted, dead letters and questions in this store, and not in memory.
    ///
    /// [`post`](atoms_runtime::Bus::post) returns when the event is on the disk.
    /// [`try_send`](atoms_runtime::Post::try_send), which cannot wait for that, fails outside of the handlers of posted
    /// events. Sync handlers may take a [`Tx`](crate::Tx).
    #[must_use]
    fn store(self, store: Sqlite) -> Self;
}

impl StoreBuilder for BusBuilder {
    fn store(self, store: Sqlite) -> Self {
        let bus = self.backlog(store.backlog()).letter_store(store.letters());
        let (turns, transactions) = layers(&store);
        let bus = bus.question_store(store.questions()).state(HasStore).layer(turns).layer(transactions);
        bus.extension(Installed(store))
    }
}

/// The store of a bus, as an extension of it.
#[derive(Debug)]
struct Installed(Sqlite);

impl Extension for Installed {}

/// The methods that a store adds to a [`Bus`].
pub trait StoreBus {
    /// Posts an event in a transaction of your own on the store's file. The event is posted when the transaction is
    /// committed, and not if it is rolled back. Returns the event's id.
    ///
    /// The bus finds the event within 100 ms after the commit, also if another process has committed it. The transaction
    /// blocks other writes to the store, so it should be short. Begin it with `BEGIN IMMEDIATE`, so that its first write does
    /// not fail.
    ///
    /// Fails if the bus has no store, if the connection is to another file or has no transaction, and if the backlog is full.
    ///
    /// ```
    /// use atoms::prelude::*;
    /// use atoms::store::rusqlite::{Connection, TransactionBehavior};
    ///
    /// #[event(type = "shop.order.placed")]
    /// struct OrderPlaced {
    ///     order_id: String,
    /// }
    ///
    /// #[handler(id = "shop.confirm")]
    /// async fn confirm(order: &OrderPlaced) {
    ///     println!("{} is confirmed", order.order_id);
    /// }
    ///
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let directory = tempfile::tempdir()?;
    /// # let path = directory.path().join("shop.db");
    /// let bus = Bus::builder().store(Sqlite::open(&path)?).start()?;
    /// let mut shop = Connection::open(&path)?;
    /// shop.execute_batch("CREATE TABLE orders (id TEXT)")?;
    ///
    /// let tx = shop.transaction_with_behavior(TransactionBehavior::Immediate)?;
    /// tx.execute("INSERT INTO orders VALUES ('o-1')", [])?;
    /// bus.post_in(&tx, OrderPlaced { order_id: "o-1".into() })?;
    /// tx.commit()?; // the row and the event, or neither
    /// # Ok(())
    /// # }
    /// ```
    fn post_in<I: IntoEnvelope>(&self, transaction: &Connection, event: I) -> Result<EventId, PostInError>;
}

/// An event was not posted in a transaction. The transaction is unchanged.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum PostInError {
    /// The bus has no store.
    #[error("the bus has no store: add `.store(Sqlite::open(..)?)` to its builder")]
    NoStore,
    /// The connection is not to the file of the store.
    #[error("the connection is not to the file of the store, `{}`", path.display())]
    OtherFile {
        /// The file of the store.
        path: std::path::PathBuf,
    },
    /// The connection has no transaction.
    #[error("the connection has no transaction: begin one, and post the event in it")]
    NoTransaction,
    /// The event was not stored.
    #[error("the event was not stored: {0}")]
    Store(#[from] StoreError),
}

/// Shows the same as `Display`, since `Debug` prints what `main` returns.
impl fmt::Debug for PostInError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl StoreBus for Bus {
    fn post_in<I: IntoEnvelope>(&self, transaction: &Connection, event: I) -> Result<EventId, PostInError> {
        let installed = self.extension::<Installed>().ok_or(PostInError::NoStore)?;
        let Installed(store) = &*installed;
        if !store.file.is_of(transaction) {
            return Err(PostInError::OtherFile { path: store.file.path().to_owned() });
        }
        if transaction.is_autocommit() {
            return Err(PostInError::NoTransaction);
        }
        let post = self.post(event).into_new_post();
        let id = post.event.id().clone();
        let row = NewRow::of(post, &store.file)?;
        post_in(transaction, store.post_limits(), &row).map_err(StoreError::from)?;
        Ok(id)
    }
}
