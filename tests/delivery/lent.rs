//! What layers lend to sync handlers: values with lifetimes, which no other thread may have.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use atoms::prelude::*;
use atoms::{
    Around, Delivery, ExtractError, FromSyncDelivery, Layer, Lent, Next, Outcome, PrepareError, StartContext,
    SyncDelivery, SyncLayer, SyncNext,
};

use crate::{Log, SOON, bus};

#[event(type = "lent.order")]
struct Order {}

#[event(type = "lent.paid")]
struct Paid {}

/// A connection, which knows what was committed.
struct Connection {
    name: String,
    log: Arc<Log>,
}

/// A transaction on a connection: it borrows, and is not `Send`.
struct Transaction<'c> {
    connection: &'c Connection,
    statements: Rc<RefCell<Vec<String>>>,
}

impl Transaction<'_> {
    fn execute(&self, statement: &str) {
        self.statements.borrow_mut().push(statement.to_owned());
    }

    fn commit(self) {
        let statements = self.statements.take().join(", ");
        self.connection.log.add(format!("{}: commit {statements}", self.connection.name));
    }
}

/// What is not committed is rolled back.
impl Drop for Transaction<'_> {
    fn drop(&mut self) {
        if !self.statements.borrow().is_empty() {
            self.connection.log.add(format!("{}: rollback", self.connection.name));
        }
    }
}

/// The name of what is lent.
struct TransactionLent;

impl Lent for TransactionLent {
    type Value<'a> = Transaction<'a>;

    fn shorten<'short, 'long: 'short>(value: &'short Transaction<'long>) -> &'short Transaction<'short> {
        value
    }
}

struct DepthLent;

impl Lent for DepthLent {
    type Value<'a> = u32;

    fn shorten<'short, 'long: 'short>(value: &'short u32) -> &'short u32 {
        value
    }
}

/// What a handler takes.
struct Tx<'a>(&'a Transaction<'a>);

impl FromSyncDelivery for Tx<'_> {
    type Prepared = ();
    type Extracted<'d> = Tx<'d>;

    fn prepare(start: &StartContext<'_>) -> Result<(), PrepareError> {
        start.state::<Log>()?;
        Ok(())
    }

    fn from_delivery<'d>((): &'d (), delivery: &SyncDelivery<'d>) -> Result<Tx<'d>, ExtractError> {
        delivery.lent::<TransactionLent>().map(Tx).ok_or_else(|| ExtractError::missing("no transaction"))
    }
}

/// A part of it that owns what it has, and is not `Send`: a type without a lifetime.
struct Statements(Rc<RefCell<Vec<String>>>);

impl FromSyncDelivery for Statements {
    type Prepared = ();
    type Extracted<'d> = Self;

    fn prepare(_: &StartContext<'_>) -> Result<(), PrepareError> {
        Ok(())
    }

    fn from_delivery<'d>((): &'d (), delivery: &SyncDelivery<'d>) -> Result<Self, ExtractError> {
        let transaction = delivery.lent::<TransactionLent>();
        let transaction = transaction.ok_or_else(|| ExtractError::missing("no transaction"))?;
        Ok(Self(Rc::clone(&transaction.statements)))
    }
}

struct Depth(u32);

impl FromSyncDelivery for Depth {
    type Prepared = ();
    type Extracted<'d> = Self;

    fn prepare(_: &StartContext<'_>) -> Result<(), PrepareError> {
        Ok(())
    }

    fn from_delivery<'d>((): &'d (), delivery: &SyncDelivery<'d>) -> Result<Self, ExtractError> {
        Ok(Self(delivery.lent::<DepthLent>().copied().unwrap_or(0)))
    }
}

/// Runs each attempt in a transaction of its own.
struct Transactions(&'static str, Arc<Log>);

impl Layer for Transactions {
    async fn deliver(&self, _: &Delivery<'_>, next: &mut Next<'_>) -> Outcome {
        next.run().await
    }

    fn around(&self) -> Around {
        Around::Attempt
    }

    fn as_sync(&self) -> Option<&dyn SyncLayer> {
        Some(self)
    }
}

impl SyncLayer for Transactions {
    fn deliver(&self, _: &Delivery<'_>, next: &mut SyncNext<'_>) -> Outcome {
        let connection = Connection { name: self.0.into(), log: self.1.clone() };
        let transaction = Transaction { connection: &connection, statements: Rc::default() };
        next.run_lending::<TransactionLent>(&transaction)?;
        transaction.commit();
        Ok(())
    }
}

/// Lends a number.
struct Depths(u32);

impl Layer for Depths {
    async fn deliver(&self, _: &Delivery<'_>, next: &mut Next<'_>) -> Outcome {
        next.run().await
    }

    fn around(&self) -> Around {
        Around::Attempt
    }

    fn as_sync(&self) -> Option<&dyn SyncLayer> {
        Some(self)
    }
}

impl SyncLayer for Depths {
    fn deliver(&self, _: &Delivery<'_>, next: &mut SyncNext<'_>) -> Outcome {
        next.run_lending::<DepthLent>(&self.0)
    }
}

#[handler]
fn pay(_: &Order, tx: Tx<'_>, statements: Statements, depth: Depth, log: State<Log>) -> Paid {
    tx.0.execute("insert");
    statements.0.borrow_mut().push(format!("update {}", depth.0));
    log.add(format!("pay on {}", tx.0.connection.name));
    Paid {}
}

#[handler]
fn thank(_: &Paid, log: State<Log>) {
    log.add("thank");
}

#[tokio::test]
async fn a_handler_is_lent_what_borrows_and_is_not_send() {
    let (builder, log) = bus();
    let builder = builder.layer(Depths(1)).layer(Transactions("outer", log.clone())).layer(Depths(2));
    let builder = builder.layer(Transactions("inner", log.clone()));
    let bus = builder.handler::<pay>().handler::<thank>().start().unwrap();
    let seen = ["pay on inner", "inner: commit insert, update 2", "outer: commit ", "outer: commit "];
    bus.emit(Order {}).await.into_result().unwrap();
    let lines = log.take();
    assert_eq!(lines[..3], seen[..3], "{lines:?}");
    bus.post(Order {}).await.unwrap();
    bus.idle().await;
    assert_eq!(log.take()[..3], seen[..3]);
    bus.shutdown(SOON).await.unwrap();
}

#[tokio::test]
async fn a_handler_that_is_lent_nothing_fails() {
    let (builder, log) = bus();
    let bus = builder.handler::<pay>().start().unwrap();
    let receipt = bus.emit(Order {}).await;
    assert!(receipt.to_string().contains("no transaction"), "{receipt}");
    assert!(log.take().is_empty());
}

#[handler]
fn may_pay(_: &Order, tx: Option<Tx<'_>>, depth: Option<Depth>, log: State<Log>) {
    log.add(format!("{} {:?}", tx.is_some(), depth.map(|depth| depth.0)));
}

#[tokio::test]
async fn a_handler_takes_an_option_of_what_it_is_lent() {
    let (builder, log) = bus();
    builder.handler::<may_pay>().start().unwrap().emit(Order {}).await.into_result().unwrap();
    assert_eq!(log.take(), ["false Some(0)"]);
    let (builder, log) = bus();
    let builder = builder.layer(Transactions("db", log.clone())).handler::<may_pay>();
    builder.start().unwrap().emit(Order {}).await.into_result().unwrap();
    assert_eq!(log.take()[0], "true Some(0)");
}

#[handler(retry(attempts = 2, delay = "1ms"))]
fn second_time(_: &Order, tx: Tx<'_>, log: State<Log>) -> Result<(), String> {
    tx.0.execute("insert");
    if log.take().is_empty() { Err("not yet".into()) } else { Ok(()) }
}

#[tokio::test]
async fn each_attempt_has_a_transaction_of_its_own() {
    let (builder, log) = bus();
    let builder = builder.layer(Transactions("db", log.clone())).handler::<second_time>();
    builder.start().unwrap().emit(Order {}).await.into_result().unwrap();
    // The second attempt has taken the line of the rollback, which shows that there was one.
    assert_eq!(log.take(), ["db: commit insert"]);
}

/// Waits before a sync handler, which then runs in a transaction all the same.
struct Waits;

impl Layer for Waits {
    async fn deliver(&self, _: &Delivery<'_>, next: &mut Next<'_>) -> Outcome {
        tokio::task::yield_now().await;
        next.run().await
    }
}

#[tokio::test]
async fn a_layer_that_waits_may_stand_around_one_that_lends() {
    let (builder, log) = bus();
    let builder = builder.layer(Transactions("db", log.clone())).layer(Waits).handler::<pay>();
    builder.start().unwrap().emit(Order {}).await.into_result().unwrap();
    assert_eq!(log.take(), ["pay on db", "db: commit insert, update 0"]);
}
