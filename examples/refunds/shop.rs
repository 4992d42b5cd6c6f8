//! A small shop: its tables, which lie in the store's file, and the tools by which agents reach them.

use std::fmt;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use atoms::prelude::*;
use atoms::store::rusqlite::{self, Connection, OpenFlags, OptionalExtension};
use serde::{Deserialize, Serialize};

const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS orders (id TEXT PRIMARY KEY, item TEXT NOT NULL, paid INTEGER NOT NULL);
    CREATE TABLE IF NOT EXISTS refunds (
        number INTEGER PRIMARY KEY, order_id TEXT NOT NULL REFERENCES orders, cents INTEGER NOT NULL
    );
    INSERT OR IGNORE INTO orders VALUES
        ('1001', 'kettle', 4200), ('1002', 'desk lamp', 8900), ('1003', 'bookshelf', 14900);";

const ORDERS: &str = "
    SELECT id, item, paid, coalesce(sum(cents), 0), count(cents)
    FROM orders LEFT JOIN refunds ON order_id = id";

/// What the shop has in the file, for those who read it.
pub(crate) struct Shop(Mutex<Connection>);

/// An order, and what has been paid back for it.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Order {
    pub(crate) id: String,
    pub(crate) item: String,
    /// In cents, as all amounts.
    pub(crate) paid: u64,
    pub(crate) refunded: u64,
    /// In how many refunds.
    pub(crate) refunds: u64,
}

impl Shop {
    /// Makes the shop in this file, with three orders, unless it is there.
    pub(crate) fn found(file: &Path) -> rusqlite::Result<Self> {
        let shop = Self::open(file)?;
        shop.lock().execute_batch(TABLES)?;
        Ok(shop)
    }

    /// Opens the shop in this file.
    pub(crate) fn open(file: &Path) -> rusqlite::Result<Self> {
        let flags = OpenFlags::default() - OpenFlags::SQLITE_OPEN_CREATE;
        Ok(Self(Mutex::new(Connection::open_with_flags(file, flags)?)))
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn order(&self, id: &str) -> Result<Order, ShopError> {
        order(&self.lock(), id)
    }

    /// All orders.
    pub(crate) fn orders(&self) -> rusqlite::Result<Vec<Order>> {
        let connection = self.lock();
        let mut statement = connection.prepare(&format!("{ORDERS} GROUP BY id ORDER BY id"))?;
        statement.query_map([], read)?.collect()
    }
}

fn order(connection: &Connection, id: &str) -> Result<Order, ShopError> {
    let sql = format!("{ORDERS} WHERE id = ? GROUP BY id");
    let found = connection.query_row(&sql, [id], read).optional()?;
    found.ok_or_else(|| ShopError::NoOrder(id.into()))
}

fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Order> {
    Ok(Order {
        id: row.get(0)?,
        item: row.get(1)?,
        paid: row.get(2)?,
        refunded: row.get(3)?,
        refunds: row.get(4)?,
    })
}

impl Order {
    pub(crate) fn left(&self) -> u64 {
        self.paid - self.refunded
    }
}

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (paid, refunded) = (Money(self.paid), Money(self.refunded));
        let plural = if self.refunds == 1 { "" } else { "s" };
        write!(f, "order {}, a {}: {paid} paid, {refunded} back", self.id, self.item)?;
        write!(f, " in {} refund{plural}", self.refunds)
    }
}

/// Cents, as people read them.
pub(crate) struct Money(pub(crate) u64);

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:02}", self.0 / 100, self.0 % 100)
    }
}

/// Why the shop does not do something.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ShopError {
    #[error("there is no order {}", atoms::Shown(_0))]
    NoOrder(String),
    #[error("{} is more than the {} that are left", Money(*.cents), Money(*.left))]
    TooMuch { cents: u64, left: u64 },
    #[error(transparent)]
    File(#[from] rusqlite::Error),
}

impl ShopError {
    fn check(cents: u64, order: &Order) -> Result<(), Self> {
        let left = order.left();
        if cents <= left { Ok(()) } else { Err(Self::TooMuch { cents, left }) }
    }
}

/// Returns an order, and what has been paid back for it.
#[tool(read_only)]
pub(crate) fn lookup_order(
    /// The order, as on the invoice.
    order_id: String,
    shop: State<Shop>,
) -> Result<Order, ShopError> {
    shop.order(&order_id)
}

/// Pays money back to a customer. The row is committed together with what says that this call is done.
#[tool(approve = "manager")]
pub(crate) fn refund(
    /// The order, as on the invoice.
    order_id: String,
    cents: u64,
    tx: Tx<'_, Sqlite>,
) -> Result<Order, ShopError> {
    ShopError::check(cents, &order(&tx, &order_id)?)?;
    tx.execute("INSERT INTO refunds (order_id, cents) VALUES (?, ?)", (&order_id, cents))?;
    order(&tx, &order_id)
}

/// Needs no manager for what cannot be paid back, and gives the manager's question a name: `refund-1001`.
#[hook(before)]
fn ask_for_what_can_be_paid(call: &mut Call<refund>, shop: State<Shop>) -> Verdict<refund> {
    let RefundArgs { order_id, cents } = &*call.args;
    match shop.order(order_id).and_then(|order| ShopError::check(*cents, &order)) {
        Ok(()) => {
            let title = format!("Pay {} back for order {order_id}?", Money(*cents));
            Verdict::ask(Approval::new(format!("refund-{order_id}")).title(title))
        }
        Err(error) => Verdict::deny(error.to_string()),
    }
}
