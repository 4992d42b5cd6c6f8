//! What is opened, and what is not, and what is left untouched then.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use atoms::control::{Checkpoint, Control};
use atoms::store::rusqlite::Connection;
use atoms::store::{OpenError, Sqlite, StoreBuilder};
use atoms::{AnyEvent, Bus, NewPost, RawEvent, StoreErrorKind, StoredEvents};

fn file() -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("shop.db");
    (directory, path)
}

fn bus() -> Bus {
    Bus::builder().without_discovery().start().unwrap()
}

fn events(bus: &Bus) -> StoredEvents {
    bus.stored_events()
}

fn post(bytes: usize) -> NewPost {
    let frame = format!(r#"{{"type":"test.posted","text":"{}"}}"#, "x".repeat(bytes));
    NewPost::new(AnyEvent::from(RawEvent::new("test.posted", frame.as_bytes(), None, None, None)), ["a"])
}

fn tables(path: &Path) -> Vec<String> {
    let connection = Connection::open(path).unwrap();
    let mut statement = connection.prepare("SELECT name FROM sqlite_schema ORDER BY name").unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

#[tokio::test]
async fn a_file_is_opened_by_one_store_at_a_time_whatever_its_path() {
    let (directory, path) = file();
    let store = Sqlite::open(&path).unwrap();
    let link = directory.path().join("link.db");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    for path in [&path, &link] {
        let error = Sqlite::open(path).unwrap_err();
        assert!(matches!(&error, OpenError::InUse { .. }), "{error}");
        // As `main` prints it.
        assert_eq!(format!("{error:?}"), error.to_string());
        assert!(error.to_string().ends_with("end that one, or open another file"), "{error}");
    }
    drop(store);
    Sqlite::open(&link).unwrap();
}

/// Opens the file that a test names, and waits to be killed.
#[test]
fn hold() {
    let Some(path) = std::env::var_os("ATOMS_STORE_HOLD") else { return };
    let _store = Sqlite::open(path).unwrap();
    println!("held");
    std::thread::sleep(Duration::from_secs(60));
}

#[test]
fn a_file_is_free_again_when_the_process_that_had_it_is_killed() {
    let (_directory, path) = file();
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "hold", "--nocapture"]).env("ATOMS_STORE_HOLD", &path);
    let mut child = child.stdout(std::process::Stdio::piped()).spawn().unwrap();
    let lines = std::io::BufRead::lines(std::io::BufReader::new(child.stdout.take().unwrap()));
    assert!(lines.map(Result::unwrap).any(|line| line.ends_with("held")));
    assert!(matches!(Sqlite::open(&path), Err(OpenError::InUse { .. })));
    child.kill().unwrap();
    child.wait().unwrap();
    Sqlite::open(&path).unwrap();
}

#[tokio::test]
async fn a_newer_schema_is_left_as_it_is() {
    let (_directory, path) = file();
    let (bus, store) = (bus(), Sqlite::open(&path).unwrap());
    store.backlog().start(events(&bus));
    store.backlog().post(vec![post(0)]).await.unwrap();
    drop(store);
    // Once the lock is free, the file is closed.
    drop(Sqlite::open(&path).unwrap());
    let before = tables(&path);
    let set = |version: u32| {
        Connection::open(&path).unwrap().execute("UPDATE atoms_schema SET version = ?", [version]).unwrap()
    };
    set(99);
    let error = Sqlite::open(&path).unwrap_err();
    assert!(matches!(error, OpenError::NewerSchema { found: 99, known: 5, .. }), "{error}");
    assert_eq!(tables(&path), before);
    set(5);
    assert_eq!(Sqlite::open(&path).unwrap().backlog().count().await.unwrap(), 1);
}

#[test]
fn what_is_no_database_is_left_as_it_is() {
    let (_directory, path) = file();
    let text = "no database, but a text that is longer than the head of one. ".repeat(20);
    std::fs::write(&path, &text).unwrap();
    let error = Sqlite::open(&path).unwrap_err();
    assert!(matches!(error, OpenError::NotADatabase { .. }), "{error}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
}

#[test]
fn a_directory_that_cannot_be_written_is_an_error() {
    // No user can make a file there.
    let error = Sqlite::open("/sys/shop.db").unwrap_err();
    assert!(matches!(error, OpenError::ReadOnly { .. }), "{error}");
    let error = Sqlite::open("/nowhere/shop.db").unwrap_err();
    assert!(matches!(error, OpenError::Io { .. }), "{error}");
}

#[tokio::test]
async fn the_tables_of_the_user_stay_in_the_same_file() {
    let (_directory, path) = file();
    let user = Connection::open(&path).unwrap();
    user.execute_batch("CREATE TABLE orders (id); INSERT INTO orders VALUES (7); PRAGMA user_version = 3")
        .unwrap();
    let store = Sqlite::open(&path).unwrap();
    assert_eq!(user.query_row("SELECT id FROM orders", [], |row| row.get(0)), Ok(7));
    assert_eq!(user.pragma_query_value(None, "user_version", |row| row.get(0)), Ok(3));
    drop(store);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_fails_what_has_no_room_and_loses_nothing() {
    let (_directory, path) = file();
    let bus = bus();
    let store = Sqlite::options().max_bytes(1_000_000).open(&path).unwrap();
    let backlog = store.backlog();
    backlog.start(events(&bus));
    // One that is too large fails alone.
    let (large, small) = tokio::join!(backlog.post(vec![post(2_000_000)]), backlog.post(vec![post(1)]));
    assert!(large.is_err() && small.is_ok(), "{large:?} {small:?}");
    let mut accepted = 1;
    let error = loop {
        match backlog.post(vec![post(10_000)]).await {
            Ok(_) => accepted += 1,
            Err(error) => break error,
        }
        assert!(accepted < 200);
    };
    assert_eq!(error.kind(), StoreErrorKind::Unavailable, "nobody waits for room in the backlog: {error}");
    assert!(error.to_string().contains("full"), "{error}");
    assert_eq!(backlog.count().await.unwrap(), accepted);
    // It goes on when there is room again.
    while let [taken] = &backlog.take(1).await.unwrap()[..] {
        let done = atoms::Acknowledgement::new(taken.ticket, vec!["a".into()]);
        backlog.acknowledge(done).await.unwrap();
    }
    assert_eq!(backlog.count().await.unwrap(), 0);
    backlog.post(vec![post(500_000)]).await.unwrap();
}

/// Also for one who opens it on the only thread of the runtime.
#[tokio::test]
async fn a_file_is_free_as_soon_as_its_bus_was_shut_down_and_dropped() {
    let (_directory, path) = file();
    for _ in 0..3 {
        let bus = Bus::builder().without_discovery().store(Sqlite::open(&path).unwrap()).start().unwrap();
        let question = Checkpoint::unnamed().deadline(Duration::from_secs(3_600));
        bus.questions().open(question).await.unwrap();
        bus.shutdown(Duration::from_secs(10)).await.unwrap();
    }
}
