//! The program whose disk fails. What it says goes through a pipe.

use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use atoms::control::{Checkpoint, Control, Principal};
use atoms::prelude::*;
use atoms::store::rusqlite;
use atoms::{BusBuilder, PostRefusal, StoreError, StoreErrorKind};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

/// Where the store is; set for the child alone.
pub(crate) const FILE: &str = "ATOMS_STORE_FAULTS_FILE";

/// What fails, and how, as three numbers; and whether the program is to end then.
pub(crate) const FAULT: &str = "ATOMS_STORE_FAULTS_FAULT";

/// Where the library looks for what is to fail.
pub(crate) const CONTROL: &str = "ATOMS_FAULTS";

const SOON: Duration = Duration::from_secs(30);

#[event(type = "faults.order")]
struct Order {
    number: u32,
}

#[event(type = "faults.paid")]
struct Paid {
    number: u32,
}

/// One whose handler waits until the disk fails.
#[event(type = "faults.held")]
struct Held {
    number: u32,
}

#[event(type = "faults.refunded")]
struct Refunded {
    number: u32,
}

/// What some handlers wait for.
#[derive(Default)]
pub(crate) struct Gate(watch::Sender<bool>);

impl Gate {
    pub(crate) fn open(&self) {
        self.0.send_replace(true);
    }

    pub(crate) async fn pass(&self) {
        self.0.subscribe().wait_for(|is_open| *is_open).await.unwrap();
    }
}

#[handler(id = "faults.pay")]
fn pay(order: &Order, tx: Tx<'_, Sqlite>) -> Result<Paid, rusqlite::Error> {
    tx.execute("INSERT INTO effects VALUES ('pay', ?)", [order.number])?;
    Ok(Paid { number: order.number })
}

#[handler(id = "faults.paid")]
fn paid(paid: &Paid, tx: Tx<'_, Sqlite>) -> Result<(), rusqlite::Error> {
    tx.execute("INSERT INTO effects VALUES ('paid', ?)", [paid.number])?;
    Ok(())
}

#[handler(id = "faults.hold")]
async fn hold(held: &Held, gate: State<Gate>) -> Paid {
    gate.pass().await;
    Paid { number: held.number }
}

#[handler(id = "faults.fail")]
async fn fail(held: &Held, gate: State<Gate>) -> Result<(), String> {
    gate.pass().await;
    Err(format!("{} fails", held.number))
}

#[handler(id = "faults.refunded")]
fn refunded(refunded: &Refunded, tx: Tx<'_, Sqlite>) -> Result<(), rusqlite::Error> {
    tx.execute("INSERT INTO effects VALUES ('refunded', ?)", [refunded.number])?;
    Ok(())
}

pub(crate) fn builder(path: &Path, gate: &Arc<Gate>) -> BusBuilder {
    let tables = "CREATE TABLE IF NOT EXISTS effects (what, number)";
    rusqlite::Connection::open(path).unwrap().execute_batch(tables).unwrap();
    let builder = Bus::builder().without_discovery().shared_state(Arc::clone(gate));
    let builder = builder.handler::<pay>().handler::<paid>().handler::<hold>().handler::<fail>();
    builder.handler::<refunded>().store(Sqlite::open(path).unwrap())
}

/// Posts an order, and says so if it was accepted.
async fn post(bus: &Bus, number: u32) -> Result<(), atoms::PostError> {
    bus.post(Order { number }).await?;
    println!("accepted {number}");
    Ok(())
}

/// A poster is told, with what the system has said.
fn assert_told(error: &atoms::PostError) {
    assert_eq!(error.reason(), PostRefusal::Store);
    let store: &StoreError = error.source().and_then(|source| source.downcast_ref()).unwrap();
    assert_eq!(store.kind(), StoreErrorKind::Unavailable, "{store}");
    let cause = store.source().and_then(|source| source.downcast_ref::<rusqlite::Error>());
    assert!(cause.is_some_and(|cause| cause.sqlite_error_code().is_some()), "{store}");
}

async fn posts_while_it_fails(bus: &Bus) {
    for number in 100..103 {
        let error = post(bus, number).await.unwrap_err();
        assert_told(&error);
    }
    let posts: Vec<_> = (110..120)
        .map(|number| {
            let bus = bus.clone();
            tokio::spawn(async move { post(&bus, number).await })
        })
        .collect();
    for post in posts {
        assert_told(&post.await.unwrap().unwrap_err());
    }
    let refund = Checkpoint::new("refund").then(Refunded { number: 2 });
    assert!(bus.questions().open(refund).await.is_err());
    assert!(bus.questions().approve("open").by(&Principal::new("ada")).await.is_err());
    assert!(bus.dead_letters().discard(1).await.is_err());
}

async fn reads_while_it_fails(bus: &Bus) {
    let error = bus.dead_letters().list().await.unwrap_err();
    // SQLite says of a part of the disk that cannot be read that the database is damaged there.
    assert_eq!(error.kind(), StoreErrorKind::Unreadable, "{error}");
    assert!(bus.questions().list().await.is_err());
}

async fn goes_on(bus: &Bus) {
    for number in 200..210 {
        post(bus, number).await.unwrap();
    }
    timeout(SOON, bus.idle()).await.expect("the bus goes on when the disk does");
    assert_eq!(bus.dead_letters().len().await.unwrap(), 2, "a letter is kept when that is possible again");
    bus.questions().approve("open").by(&Principal::new("ada")).await.unwrap();
}

/// What tells one log from the next: the salts in its head.
fn log_of(path: &Path) -> Vec<u8> {
    let log = std::fs::read(format!("{}-wal", path.display())).unwrap();
    log[16..24].to_vec()
}

#[test]
fn child() {
    let Some(path) = std::env::var_os(FILE) else { return };
    let fault = std::env::var(FAULT).unwrap();
    let (fault, ends) = match fault.strip_suffix(" ends") {
        Some(fault) => (fault, true),
        None => (&*fault, false),
    };
    let fault: Vec<u8> = fault.split(' ').map(|number| number.parse().unwrap()).collect();
    // The library sees what is written in place.
    let set = |fault: &[u8]| {
        let control = std::fs::File::options().write(true).open(std::env::var_os(CONTROL).unwrap());
        std::io::Write::write_all(&mut control.unwrap(), fault).unwrap();
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let gate = Arc::new(Gate::default());
        let bus = builder(path.as_ref(), &gate).start().unwrap();
        for number in 0..10 {
            post(&bus, number).await.unwrap();
        }
        bus.questions().open(Checkpoint::new("open").then(Refunded { number: 1 })).await.unwrap();
        // A letter that fills pages which are read again.
        let lost = atoms::AnyEvent::from(Envelope::new(Order { number: 1 }));
        bus.dead_letters().keep(lost, atoms::Refusal::MailboxFull);
        timeout(SOON, bus.idle()).await.unwrap();
        bus.post(Held { number: 50 }).await.unwrap();
        println!("accepted 50");
        sleep(Duration::from_millis(100)).await;

        let log = log_of(path.as_ref());
        set(&fault);
        if fault[2] == 0 {
            gate.open();
            posts_while_it_fails(&bus).await;
        } else {
            reads_while_it_fails(&bus).await;
        }
        println!("all is told");
        if ends {
            std::process::abort();
        }
        // Some of what is tried again fails, too.
        sleep(Duration::from_millis(200)).await;
        set(&[0; 3]);
        gate.open();
        goes_on(&bus).await;
        // What the disk did not sync is in no log that is written on.
        assert!(fault[1] == 0 || log != log_of(path.as_ref()), "the log is begun anew");
        bus.shutdown(SOON).await.unwrap();
    });
}
