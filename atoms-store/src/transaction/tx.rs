//! [`Tx`], the parameter of a handler.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use atoms_runtime::{ExtractError, FromSyncDelivery, Lent, PrepareError, StartContext, SyncDelivery};
use rusqlite::Connection;

use crate::sqlite::Sqlite;

/// The transaction that a sync handler runs in, as a parameter: a [`Connection`] on which it has begun.
///
/// When the handler has succeeded, its statements are committed together with a record that this handler is done with this
/// event. If the event was [posted](atoms_runtime::Bus::post), the commit also contains what the handler emitted and posted.
/// If the handler fails or panics, or the process ends before the commit, nothing has happened. So the handler has its
/// effects on the file exactly once for each event, however often the event comes. The last 1,000,000 records are kept.
///
/// ```
/// use atoms::prelude::*;
/// use atoms::store::rusqlite;
///
/// #[event(type = "shop.order.placed")]
/// struct OrderPlaced {
///     order_id: String,
/// }
///
/// #[handler(id = "shop.reserve")]
/// fn reserve(order: &OrderPlaced, tx: Tx<'_, Sqlite>) -> Result<(), rusqlite::Error> {
///     tx.execute("INSERT INTO reservations (order_id) VALUES (?)", [&order.order_id])?;
///     Ok(())
/// }
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let directory = tempfile::tempdir()?;
/// # let path = directory.path().join("shop.db");
/// rusqlite::Connection::open(&path)?.execute_batch("CREATE TABLE reservations (order_id TEXT)")?;
/// let bus = Bus::builder().store(Sqlite::open(&path)?).start()?;
/// bus.post(OrderPlaced { order_id: "o-1".into() }).await?;
/// # bus.idle().await;
/// # Ok(())
/// # }
/// ```
///
/// An async handler cannot have one, since it may continue on another thread:
///
/// ```compile_fail
/// # use atoms::prelude::*;
/// # #[event(type = "shop.order.placed")]
/// # struct OrderPlaced {}
/// #[handler]
/// async fn reserve(_: &OrderPlaced, tx: Tx<'_, Sqlite>) {}
/// ```
///
/// The handler runs on the thread of its task, and nothing else is written to the file meanwhile, so its statements should
/// be short. A statement that fails undoes itself alone, and the handler may go on. The handler must not end the
/// transaction, neither by `COMMIT` nor by a statement such as `INSERT OR ROLLBACK`: the delivery then fails, and nothing
/// that the handler does afterwards is committed. A bus without a [store](crate::StoreBuilder::store) does not start with
/// such a handler. Layers that are added to the bus after the store run inside of the transaction, and must not wait.
///
/// If the event was emitted, and not posted, the events that the handler emits stand whether the transaction is committed or
/// not.
pub struct Tx<'a, S> {
    connection: &'a Connection,
    store: PhantomData<S>,
}

impl<S> Deref for Tx<'_, S> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.connection
    }
}

impl<S> fmt::Debug for Tx<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tx").finish_non_exhaustive()
    }
}

/// The state of a bus that has a store.
#[derive(Debug)]
pub(crate) struct HasStore;

/// The name of the value that is lent.
pub(super) struct ConnectionLent;

impl Lent for ConnectionLent {
    type Value<'a> = &'a Connection;

    fn shorten<'short, 'long: 'short>(value: &'short &'long Connection) -> &'short &'short Connection {
        value
    }
}

const NO_STORE: &str =
    "`Tx<'_, Sqlite>` needs the bus to have a store: add `.store(Sqlite::open(..)?)` to its builder";

// For a handler with another mistake, this message would not help.
#[diagnostic::do_not_recommend]
impl FromSyncDelivery for Tx<'_, Sqlite> {
    type Prepared = ();
    type Extracted<'d> = Tx<'d, Sqlite>;

    fn prepare(start: &StartContext<'_>) -> Result<(), PrepareError> {
        start.state::<HasStore>().map_err(|_| PrepareError::Other(NO_STORE.into()))?;
        Ok(())
    }

    fn from_delivery<'d>((): &'d (), delivery: &SyncDelivery<'d>) -> Result<Tx<'d, Sqlite>, ExtractError> {
        let connection = delivery.lent::<ConnectionLent>().copied();
        let connection = connection.ok_or_else(|| ExtractError::new(NO_STORE))?;
        Ok(Tx { connection, store: PhantomData })
    }
}
