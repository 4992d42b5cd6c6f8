//! Who has an event, and what of that is in the file.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use atoms::prelude::*;
use atoms::store::Outside;
use atoms::{Acknowledgement, AnyEvent, Backlog, MemoryLetters, NewPost, RawEvent};
use tokio::time::timeout;

const SOON: Duration = Duration::from_secs(10);

fn file() -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("shop.db");
    (directory, path)
}

/// How many commits have changed the file: the counter in the index of its log, of which `walformat.html` of SQLite's
/// documentation says that each transaction increments it.
fn commits(path: &Path) -> u32 {
    let index = std::fs::read(format!("{}-shm", path.display())).unwrap();
    u32::from_ne_bytes(index[8..12].try_into().unwrap())
}

#[event(type = "leases.order")]
struct Order {}

#[handler(id = "leases.bill")]
async fn bill(_: &Order) {}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_is_posted_and_handled_in_two_commits() {
    let (_directory, path) = file();
    let builder = Bus::builder().without_discovery().store(Sqlite::open(&path).unwrap());
    let bus = builder.handler::<bill>().start().unwrap();
    timeout(SOON, bus.idle()).await.unwrap();
    for _ in 0..10 {
        let before = commits(&path);
        bus.post(Order {}).await.unwrap();
        timeout(SOON, bus.idle()).await.unwrap();
        assert_eq!(commits(&path) - before, 2);
    }
}

fn post(handlers: &[&str]) -> NewPost {
    let event = RawEvent::new("leases.raw", *br#"{"type":"leases.raw"}"#, None, None, None);
    NewPost::new(AnyEvent::from(event), handlers.iter().copied())
}

fn done(ticket: atoms::Ticket, handler: &str) -> Acknowledgement {
    Acknowledgement::new(ticket, vec![handler.into()])
}

/// Opens the store as the next process would, after this one has ended.
fn opened(path: &Path) -> (Bus, Arc<dyn Backlog>) {
    let store = Sqlite::open(path).unwrap();
    let bus = Bus::builder().without_discovery().start().unwrap();
    store.backlog().start(bus.stored_events());
    (bus, store.backlog())
}

fn times(path: &Path) -> Vec<u64> {
    Outside::open(path).unwrap().posts(9).unwrap().iter().map(|post| post.times).collect()
}

#[tokio::test]
async fn an_event_of_which_nothing_is_done_is_as_new_for_the_next_process() {
    let (_directory, path) = file();
    let (_bus, backlog) = opened(&path);
    backlog.post(vec![post(&["a", "b"])]).await.unwrap();
    backlog.post(vec![post(&["a", "b"])]).await.unwrap();
    let taken = backlog.take(2).await.unwrap();
    backlog.acknowledge(done(taken[1].ticket, "a")).await.unwrap();
    assert_eq!(times(&path), [0, 1], "what is taken is known to the process alone until something is done");
    drop(backlog);
    let (_bus, next) = opened(&path);
    let again = next.take(9).await.unwrap();
    let again: Vec<_> = again.iter().map(|taken| (taken.ticket.times, taken.handlers.join(" "))).collect();
    assert_eq!(again, [(1, "a b".into()), (2, "b".into())]);
}

#[tokio::test]
async fn an_event_whose_letters_are_elsewhere_is_written_down_as_taken() {
    let (_directory, path) = file();
    let (_bus, backlog) = opened(&path);
    assert!(!backlog.keeps_letters_in(&MemoryLetters::default()));
    backlog.post(vec![post(&["a"])]).await.unwrap();
    assert_eq!(backlog.take(1).await.unwrap().len(), 1);
    assert_eq!(times(&path), [1]);
    drop(backlog);
    let (_bus, next) = opened(&path);
    let again = next.take(1).await.unwrap();
    assert_eq!(again[0].ticket.times, 2);
}

#[tokio::test]
async fn handlers_of_one_event_that_are_done_at_once_are_done_together() {
    let (_directory, path) = file();
    let (_bus, backlog) = opened(&path);
    for _ in 0..50 {
        backlog.post(vec![post(&["a", "b", "c"])]).await.unwrap();
        let ticket = backlog.take(1).await.unwrap()[0].ticket;
        let [a, b, c] = ["a", "b", "c"].map(|handler| backlog.acknowledge(done(ticket, handler)));
        let (a, b, c) = tokio::join!(a, b, c);
        assert!(a.is_ok() && b.is_ok() && c.is_ok());
        assert_eq!(backlog.count().await.unwrap(), 0);
        assert!(backlog.take(1).await.unwrap().is_empty());
    }
}
