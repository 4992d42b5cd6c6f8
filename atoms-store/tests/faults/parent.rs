//! Who builds the library, starts the program with it, and looks at what it has left.

use std::collections::BTreeSet;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use atoms::StoreErrorKind;
use atoms::prelude::*;
use atoms::store::rusqlite::Connection;
use tokio::time::{sleep, timeout};

use crate::child::{CONTROL, FAULT, FILE, Gate, builder};

const EIO: u8 = 5;
const ENOSPC: u8 = 28;

/// Builds the library with the compiler that builds SQLite.
fn library(directory: &Path) -> PathBuf {
    let library = directory.join("faults.so");
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/faults/faults.c");
    let compiler = std::env::var_os("CC").unwrap_or_else(|| "cc".into());
    let mut command = Command::new(compiler);
    let built = command.args(["-shared", "-fPIC", "-o"]).arg(&library).args([source, "-ldl"]).status();
    assert!(built.expect("a C compiler is needed, as for SQLite").success());
    library
}

/// Runs the program on a disk that fails so: writes, syncs, reads.
async fn run(fault: [u8; 3], ends: bool) {
    let directory = tempfile::tempdir().unwrap();
    let (path, control) = (directory.path().join("shop.db"), directory.path().join("control"));
    std::fs::write(&control, [0; 3]).unwrap();
    let fault = fault.map(|number| number.to_string()).join(" ") + if ends { " ends" } else { "" };
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "child::child", "--nocapture"]).env("RUST_BACKTRACE", "0");
    child
        .env("LD_PRELOAD", library(directory.path()))
        .env("ATOMS_FAULTS_OF", "shop.db")
        .env(CONTROL, control);
    let output = child.env(FILE, &path).env(FAULT, fault).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.success(), !ends, "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("all is told"), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    let accepted = said.lines().filter_map(|line| line.rsplit_once("accepted ")?.1.parse().ok());
    look(&path, &accepted.collect(), ends).await;
}

/// What was accepted is done, once.
async fn look(path: &Path, accepted: &BTreeSet<u32>, ended: bool) {
    let gate = Arc::new(Gate::default());
    gate.open();
    let bus = builder(path, &gate).start().unwrap();
    timeout(Duration::from_secs(30), bus.idle()).await.unwrap();
    let file = Connection::open(path).unwrap();
    assert_eq!(file.pragma_query_value(None, "integrity_check", |row| row.get(0)), Ok("ok".to_owned()));
    let effects = |what: &str| -> Vec<u32> {
        let mut statement =
            file.prepare("SELECT number FROM effects WHERE what = ? ORDER BY number").unwrap();
        statement.query_map([what], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    for what in ["pay", "paid"] {
        let done = effects(what);
        assert!(done.windows(2).all(|pair| pair[0] < pair[1]), "{what} twice: {done:?}");
        let done: BTreeSet<_> = done.into_iter().collect();
        let missing = accepted.difference(&done).filter(|number| what == "paid" || **number != 50);
        assert_eq!(missing.collect::<Vec<_>>(), Vec::<&u32>::new(), "accepted, and not {what}");
    }
    let letters = bus.dead_letters().list().await.unwrap();
    let failed = letters.iter().filter(|letter| letter.recipient().is_some());
    assert_eq!(failed.count(), 1, "{letters:?}");
    // A program that is killed may find what it was told that it failed.
    if !ended {
        assert_eq!((effects("refunded"), letters.len()), (vec![1], 2));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_cannot_write_loses_nothing() {
    run([EIO, 0, 0], false).await;
    run([EIO, 0, 0], true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_is_full_loses_nothing() {
    run([ENOSPC, 0, 0], false).await;
    run([ENOSPC, 0, 0], true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_cannot_sync_loses_nothing() {
    for errno in [EIO, ENOSPC] {
        run([0, errno, 0], false).await;
        run([0, errno, 0], true).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_cannot_be_read_is_an_error() {
    run([0, 0, EIO], false).await;
}

#[event(type = "faults.long")]
struct Long {}

/// Its error takes more room than its event.
#[handler(id = "faults.fails_at_length")]
async fn fails_at_length(_: &Long, calls: State<AtomicU32>, gate: State<Gate>) -> Result<(), String> {
    calls.fetch_add(1, Ordering::Relaxed);
    gate.pass().await;
    Err("no ".repeat(100_000))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_waits_for_room_for_its_letter() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("shop.db");
    let (gate, calls) = (Arc::new(Gate::default()), Arc::new(AtomicU32::new(0)));
    let store = Sqlite::options().max_bytes(200_000).open(&path).unwrap();
    let builder = Bus::builder().without_discovery().shared_state(gate.clone()).shared_state(calls.clone());
    let bus = builder.handler::<fails_at_length>().store(store.clone()).start().unwrap();
    bus.post(Long {}).await.unwrap();
    while calls.load(Ordering::Relaxed) == 0 {
        sleep(Duration::from_millis(5)).await;
    }
    let user = Connection::open(&path).unwrap();
    user.execute_batch("CREATE TABLE big (b); INSERT INTO big VALUES (zeroblob(1000000))").unwrap();
    gate.open();
    sleep(Duration::from_millis(200)).await;
    assert_eq!(store.backlog().count().await.unwrap(), 1, "its letter found no room");
    assert_eq!(bus.dead_letters().len().await.unwrap(), 0);
    user.execute("DELETE FROM big", []).unwrap();
    timeout(Duration::from_secs(30), bus.idle()).await.unwrap();
    assert_eq!(bus.dead_letters().len().await.unwrap(), 1);
    assert_eq!((store.backlog().count().await.unwrap(), calls.load(Ordering::Relaxed)), (0, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_that_is_damaged_is_an_error() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("shop.db");
    drop(builder(&path, &Arc::default()));
    // The file is closed when the lock is free.
    drop(Sqlite::open(&path).unwrap());
    let file = Connection::open(&path).unwrap();
    let root = "SELECT rootpage FROM sqlite_schema WHERE name = 'atoms_letter'";
    let page: u64 = file.query_row(root, [], |row| row.get(0)).unwrap();
    let size: u64 = file.pragma_query_value(None, "page_size", |row| row.get(0)).unwrap();
    drop(file);
    let damaged = std::fs::File::options().write(true).open(&path).unwrap();
    damaged.write_all_at(&[0x5a; 512], (page - 1) * size).unwrap();
    let bus = builder(&path, &Arc::default()).start().unwrap();
    let error = bus.dead_letters().list().await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unreadable, "{error}");
}
