//! A history that outlives its process.

use std::time::{Duration, Instant};

use atoms::control::{Control, ControlBuilder, History, Tell};
use atoms::prelude::*;
use atoms::store::rusqlite::Connection;
use atoms::store::{Sqlite, StoreBuilder};

#[event(type = "history.order.created")]
struct OrderCreated {
    order: String,
    #[event(sensitive)]
    card: String,
}

fn kept(store: &Sqlite) -> Bus {
    let bus = Bus::builder().without_discovery().event::<OrderCreated>().store(store.clone());
    bus.history(History::new().store(store.history())).start().unwrap()
}

fn created(order: &str) -> OrderCreated {
    OrderCreated { order: order.into(), card: "4242-4242".into() }
}

#[tokio::test]
async fn the_next_process_finds_what_happened_in_the_one_before() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("shop.db");
    let store = Sqlite::open(&path).unwrap();
    let bus = kept(&store);
    let own = bus.clone();
    let running = bus.runs().start("import", async move |run: Run| {
        own.emit(created("o-1")).await.into_result()?;
        run.thinking("hm").await?;
        Ok(run.id())
    });
    let run = running.await.unwrap();
    bus.idle().await;
    let tree = bus.history().run(run).tree().await.unwrap().to_string();
    bus.shutdown(Duration::from_secs(10)).await.unwrap();
    drop((bus, store));

    let store = Sqlite::open(&path).unwrap();
    // A program that does not know the event any more can tell of it still.
    let bus = Bus::builder().without_discovery().history(History::new().store(store.history()));
    let bus = bus.start().unwrap();
    let found = bus.history().run(run).tree().await.unwrap();
    assert_eq!(found.to_string(), tree);
    assert_eq!(found.events().count(), 4);
    let order = &bus.history().event_type("history.order.created").list().await.unwrap()[0];
    let json = order.to_json().unwrap();
    assert_eq!((&json["order"], &json["card"]), (&"o-1".into(), &"***".into()));
    bus.source("x").thinking("later").await.unwrap();
    bus.idle().await;
    let all = bus.history().list().await.unwrap();
    assert_eq!(all.last().unwrap().message(), Some("later"), "it goes on with the same history");
    assert_eq!(all.len(), 5);
    for file in ["shop.db", "shop.db-wal"] {
        let bytes = std::fs::read(directory.path().join(file)).unwrap_or_default();
        assert!(!bytes.windows(9).any(|part| part == b"4242-4242"), "no sensitive value is in `{file}`");
    }
}

#[tokio::test]
async fn an_emit_does_not_wait_for_a_file_that_somebody_else_writes() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("shop.db");
    let store = Sqlite::open(&path).unwrap();
    let bus = kept(&store);
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let begun = Instant::now();
    for number in 0..5_000 {
        bus.emit(created(&number.to_string())).await.into_result().unwrap();
    }
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
    assert_eq!(store.history().lost(), 5_000 - 4_096);
    other.execute_batch("COMMIT").unwrap();
    store.history().flush().await.unwrap();
    assert_eq!(bus.history().list().await.unwrap().len(), 4_096);
    assert_eq!(bus.history().limit(0).list().await.unwrap().len(), 0);
    bus.emit(created("last")).await.into_result().unwrap();
    assert_eq!(bus.history().limit(1).list().await.unwrap()[0].to_json().unwrap()["order"], "last");
}

#[tokio::test]
async fn a_history_alone_does_not_fill_the_disk_with_its_log() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("shop.db");
    let store = Sqlite::options().history(100, 1024 * 1024).open(&path).unwrap();
    let bus = kept(&store);
    for _ in 0..200 {
        for _ in 0..10 {
            bus.emit(created(&"x".repeat(10_000))).await.into_result().unwrap();
        }
        store.history().flush().await.unwrap();
    }
    let size = |file: &str| directory.path().join(file).metadata().unwrap().len();
    assert!(size("shop.db") < 8 * 1024 * 1024, "{}", size("shop.db"));
    assert!(size("shop.db-wal") < 16 * 1024 * 1024, "{}", size("shop.db-wal"));
    assert!(bus.history().list().await.unwrap().len() <= 100);
}
