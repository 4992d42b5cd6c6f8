//! Handlers that run in a transaction.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use atoms::prelude::*;
use atoms::store::PostInError;
use atoms::store::rusqlite::{self, Connection, TransactionBehavior};
use atoms::{BusBuilder, Envelope, EventId, LetterRecipient};
use tokio::time::timeout;

const SOON: Duration = Duration::from_secs(20);

#[event(type = "tx.order")]
struct Order {
    number: u32,
}

#[event(type = "tx.paid")]
struct Paid {
    number: u32,
}

#[handler(id = "tx.pay")]
fn pay(order: &Order, tx: Tx<'_, Sqlite>) -> Result<Paid, rusqlite::Error> {
    tx.execute("INSERT INTO paid VALUES (?)", [order.number])?;
    Ok(Paid { number: order.number })
}

#[handler(id = "tx.thank")]
fn thank(paid: &Paid, tx: Tx<'_, Sqlite>) -> Result<(), rusqlite::Error> {
    tx.execute("INSERT INTO thanked VALUES (?)", [paid.number])?;
    Ok(())
}

#[derive(Default)]
struct Calls(AtomicU32);

#[handler(id = "tx.second", retry(attempts = 3, delay = "1ms"))]
fn second(order: &Order, tx: Tx<'_, Sqlite>, calls: State<Calls>) -> Result<Paid, String> {
    tx.execute("INSERT INTO paid VALUES (?)", [order.number]).unwrap();
    match calls.0.fetch_add(1, Ordering::Relaxed) {
        0 => Err("not yet".into()),
        _ => Ok(Paid { number: order.number }),
    }
}

#[handler(id = "tx.panics")]
fn panics(order: &Order, tx: Tx<'_, Sqlite>) {
    tx.execute("INSERT INTO paid VALUES (?)", [order.number]).unwrap();
    panic!("no");
}

#[handler(id = "tx.fails")]
fn fails(order: &Order, tx: Tx<'_, Sqlite>) -> Result<Paid, String> {
    tx.execute("INSERT INTO paid VALUES (?)", [order.number]).unwrap();
    Err("no".into())
}

#[handler(id = "tx.ends")]
fn ends(order: &Order, tx: Tx<'_, Sqlite>) -> Result<(), rusqlite::Error> {
    tx.execute("INSERT INTO paid VALUES (?)", [order.number])?;
    tx.execute_batch("ROLLBACK")
}

#[handler(id = "tx.begins_again")]
fn begins_again(order: &Order, tx: Tx<'_, Sqlite>) -> Result<(), rusqlite::Error> {
    tx.execute("INSERT INTO paid VALUES (?)", [order.number])?;
    tx.execute_batch("ROLLBACK; BEGIN IMMEDIATE")
}

/// Goes on when a statement fails.
#[handler(id = "tx.goes_on")]
fn goes_on(order: &Order, tx: Tx<'_, Sqlite>) {
    tx.execute("INSERT INTO once VALUES (?)", [order.number]).unwrap();
    assert!(tx.execute("INSERT INTO once VALUES (0), (?)", [order.number]).is_err());
    tx.execute("INSERT INTO paid VALUES (?)", [order.number]).unwrap();
}

/// Its statement ends the transaction as it fails.
#[handler(id = "tx.rolls_back")]
fn rolls_back(order: &Order, tx: Tx<'_, Sqlite>) {
    tx.execute("INSERT INTO once VALUES (-1)", []).unwrap();
    assert!(tx.execute("INSERT OR ROLLBACK INTO once VALUES (-2), (-2)", []).is_err());
    drop(tx.execute("INSERT INTO thanked VALUES (?)", [order.number]));
}

fn file() -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("shop.db");
    Connection::open(&path)
        .unwrap()
        .execute_batch("CREATE TABLE paid (n); CREATE TABLE thanked (n)")
        .unwrap();
    (directory, path)
}

fn on(path: &Path) -> BusBuilder {
    Bus::builder().without_discovery().store(Sqlite::open(path).unwrap())
}

fn rows(path: &Path, table: &str) -> Vec<u32> {
    let connection = Connection::open(path).unwrap();
    let mut statement = connection.prepare(&format!("SELECT n FROM {table} ORDER BY n")).unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

async fn idle(bus: &Bus) {
    timeout(SOON, bus.idle()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_handler_writes_and_what_follows_are_one_commit() {
    let (_directory, path) = file();
    let bus = on(&path).handler::<pay>().handler::<thank>().start().unwrap();
    let posts = (0..20).map(|number| bus.post(Order { number }).into_future());
    for post in posts.collect::<Vec<_>>() {
        post.await.unwrap();
    }
    idle(&bus).await;
    let all: Vec<_> = (0..20).collect();
    assert_eq!((rows(&path, "paid"), rows(&path, "thanked")), (all.clone(), all));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_that_comes_again_does_nothing() {
    let (_directory, path) = file();
    let id: EventId = "order-1".parse().unwrap();
    let order = || Envelope::new(Order { number: 1 }).with_id(id.clone());
    let bus = on(&path).handler::<pay>().start().unwrap();
    bus.post(order()).await.unwrap();
    idle(&bus).await;
    bus.post(order()).await.unwrap();
    idle(&bus).await;
    bus.emit(order()).await.into_result().unwrap();
    assert_eq!(rows(&path, "paid"), [1]);
    bus.shutdown(SOON).await.unwrap();
    drop(bus);
    let next = on(&path).handler::<pay>().start().unwrap();
    next.post(order()).await.unwrap();
    idle(&next).await;
    assert_eq!(rows(&path, "paid"), [1]);
    next.post(Envelope::new(Order { number: 1 })).await.unwrap();
    idle(&next).await;
    assert_eq!(rows(&path, "paid"), [1, 1], "another event is another one");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_attempt_that_fails_leaves_nothing() {
    let (_directory, path) = file();
    let builder = on(&path).state(Calls::default());
    let bus = builder.handler::<second>().handler::<thank>().start().unwrap();
    bus.post(Order { number: 1 }).await.unwrap();
    idle(&bus).await;
    assert_eq!((rows(&path, "paid"), rows(&path, "thanked")), (vec![1], vec![1]));
    assert_eq!(bus.dead_letters().len().await.unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handler_that_fails_leaves_a_letter_and_no_rows_and_is_redelivered() {
    let (_directory, path) = file();
    let bus = on(&path).handler::<fails>().handler::<panics>().handler::<thank>().start().unwrap();
    bus.post(Order { number: 1 }).await.unwrap();
    idle(&bus).await;
    assert_eq!((rows(&path, "paid"), rows(&path, "thanked")), (vec![], vec![]));
    let letters = bus.dead_letters().list().await.unwrap();
    assert_eq!(letters.len(), 2);
    let fails = LetterRecipient::Handler("tx.fails".into());
    let id = letters.iter().find(|letter| letter.recipient() == Some(&fails)).unwrap().id();
    bus.shutdown(SOON).await.unwrap();
    drop(bus);
    #[handler(id = "tx.works", was = "tx.fails")]
    fn works(order: &Order, tx: Tx<'_, Sqlite>) {
        tx.execute("INSERT INTO paid VALUES (?)", [order.number]).unwrap();
    }
    let next = on(&path).handler::<works>().start().unwrap();
    assert!(next.dead_letters().redeliver(id).await.unwrap().is_ok());
    assert_eq!(rows(&path, "paid"), [1]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handler_that_ends_its_transaction_fails() {
    let (_directory, path) = file();
    let bus = on(&path).handler::<ends>().start().unwrap();
    let receipt = bus.emit(Order { number: 1 }).await;
    assert!(receipt.to_string().contains("ended the transaction itself"), "{receipt}");
    // The store goes on.
    bus.post(Order { number: 2 }).await.unwrap();
    idle(&bus).await;
    assert!(rows(&path, "paid").is_empty());
    assert_eq!(bus.dead_letters().len().await.unwrap(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handler_that_ends_its_transaction_and_begins_another_fails() {
    let (_directory, path) = file();
    let bus = on(&path).handler::<begins_again>().start().unwrap();
    let receipt = bus.emit(Order { number: 1 }).await;
    assert!(receipt.to_string().contains("ended the transaction itself"), "{receipt}");
    bus.post(Order { number: 2 }).await.unwrap();
    idle(&bus).await;
    assert!(rows(&path, "paid").is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_statement_that_fails_undoes_itself_and_nothing_of_others() {
    let (_directory, path) = file();
    Connection::open(&path).unwrap().execute_batch("CREATE TABLE once (n UNIQUE)").unwrap();
    let builder = on(&path).handler::<goes_on>().handler::<rolls_back>().handler::<thank>();
    let bus = builder.start().unwrap();
    // What others post, and what follows, shares commits meanwhile.
    let posts: Vec<_> = (0..40)
        .map(|number| {
            let bus = bus.clone();
            tokio::spawn(async move {
                bus.post(Order { number }).await.unwrap();
                bus.post(Paid { number }).await.unwrap();
            })
        })
        .collect();
    for post in posts {
        post.await.unwrap();
    }
    idle(&bus).await;
    let all: Vec<_> = (0..40).collect();
    assert_eq!(rows(&path, "once"), all, "a statement that failed has left nothing");
    assert_eq!((rows(&path, "paid"), rows(&path, "thanked")), (all.clone(), all));
    let letters = bus.dead_letters().list().await.unwrap();
    let rolls_back = LetterRecipient::Handler("tx.rolls_back".into());
    assert!(letters.iter().all(|letter| letter.recipient() == Some(&rolls_back)), "{letters:?}");
    assert_eq!(letters.len(), 40);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bus_without_a_store_does_not_start() {
    let error = Bus::builder().without_discovery().handler::<pay>().start().unwrap_err();
    assert!(error.to_string().contains("add `.store(Sqlite::open(..)?)` to its builder"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_is_posted_in_a_transaction_of_the_user_and_found_soon() {
    let (directory, path) = file();
    let bus = on(&path).handler::<pay>().start().unwrap();
    let mut user = Connection::open(&path).unwrap();
    let rolled_back = user.transaction_with_behavior(TransactionBehavior::Immediate).unwrap();
    bus.post_in(&rolled_back, Order { number: 1 }).unwrap();
    rolled_back.rollback().unwrap();
    let committed = user.transaction_with_behavior(TransactionBehavior::Immediate).unwrap();
    committed.execute("INSERT INTO thanked VALUES (7)", []).unwrap();
    bus.post_in(&committed, Order { number: 2 }).unwrap();
    committed.commit().unwrap();
    timeout(SOON, async {
        while rows(&path, "paid").is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await
    .unwrap();
    assert_eq!((rows(&path, "paid"), rows(&path, "thanked")), (vec![2], vec![7]));

    let error = bus.post_in(&user, Order { number: 3 }).unwrap_err();
    assert!(matches!(error, PostInError::NoTransaction), "{error}");
    let mut other = Connection::open(directory.path().join("other.db")).unwrap();
    let error = bus.post_in(&other.transaction().unwrap(), Order { number: 3 }).unwrap_err();
    assert!(matches!(error, PostInError::OtherFile { .. }), "{error}");
    let without = Bus::builder().without_discovery().start().unwrap();
    let error = without.post_in(&user, Order { number: 3 }).unwrap_err();
    assert!(matches!(error, PostInError::NoStore), "{error}");
}

#[handler(id = "tx.posts")]
fn posts(order: &Order, tx: Tx<'_, Sqlite>, context: Context) -> Result<(), String> {
    context.bus().post_in(&tx, Paid { number: order.number }).map_err(|error| error.to_string())?;
    if order.number > 1 { Err("too many".into()) } else { Ok(()) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handler_posts_in_its_transaction_also_for_an_event_that_is_emitted() {
    let (_directory, path) = file();
    let bus = on(&path).handler::<posts>().handler::<thank>().start().unwrap();
    bus.emit(Order { number: 1 }).await.into_result().unwrap();
    assert!(bus.emit(Order { number: 2 }).await.into_result().is_err());
    timeout(SOON, async {
        while rows(&path, "thanked").is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await
    .unwrap();
    idle(&bus).await;
    assert_eq!(rows(&path, "thanked"), [1]);
}
