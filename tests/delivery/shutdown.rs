//! Waiting for what is under way, and an orderly end.

use std::sync::Arc;
use std::time::Duration;

use atoms::PostRefusal;
use atoms::prelude::*;
use tokio::time::{Instant, sleep};

use crate::{Log, SOON, bus};

#[event(type = "shutdown.work")]
struct Work {
    name: String,
    secs: u64,
}

#[handler]
async fn work(work: &Work, log: State<Log>) {
    log.add(format!("{} begins", work.name));
    sleep(Duration::from_secs(work.secs)).await;
    log.add(format!("{} ends", work.name));
}

fn started() -> (Bus, Arc<Log>) {
    let (builder, log) = bus();
    (builder.handler::<work>().start().unwrap(), log)
}

fn job(name: &str, secs: u64) -> Work {
    Work { name: name.into(), secs }
}

#[tokio::test(start_paused = true)]
async fn a_bus_is_idle_when_emits_and_posted_events_are_done() {
    let (bus, log) = started();
    bus.idle().await;
    let began = Instant::now();
    bus.post(job("posted", 2)).await.unwrap();
    let emitting = tokio::spawn({
        let bus = bus.clone();
        async move { bus.emit(job("emitted", 3)).await }
    });
    tokio::task::yield_now().await;
    bus.idle().await;
    assert_eq!(began.elapsed(), Duration::from_secs(3));
    assert!(emitting.await.unwrap().is_ok());
    assert_eq!(log.take().len(), 4);
}

#[tokio::test(start_paused = true)]
async fn what_was_posted_before_a_shutdown_is_handled_and_what_comes_after_is_not() {
    let (bus, log) = started();
    bus.post(job("before", 2)).await.unwrap();
    let shutdown = bus.shutdown(SOON);
    let late = async {
        tokio::task::yield_now().await;
        bus.post(job("after", 1)).await.unwrap_err()
    };
    let (ended, refused) = tokio::join!(shutdown, late);
    ended.unwrap();
    assert_eq!(refused.reason(), PostRefusal::Closed);
    assert_eq!(log.take(), ["before begins", "before ends"]);
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_room_when_the_bus_shuts_down_is_told_so() {
    let (builder, _log) = bus();
    let bus = builder.queue_capacity(1).handler::<work>().start().unwrap();
    bus.post(job("first", 2)).await.unwrap();
    let waiting = tokio::spawn({
        let bus = bus.clone();
        async move { bus.post(job("second", 2)).await.unwrap_err().reason() }
    });
    tokio::task::yield_now().await;
    bus.shutdown(SOON).await.unwrap();
    assert_eq!(waiting.await.unwrap(), PostRefusal::Closed);
}

#[tokio::test(start_paused = true)]
async fn the_deadline_lists_what_did_not_end_and_ends_what_was_posted() {
    let (bus, log) = started();
    let began = Instant::now();
    bus.post(job("posted", 100)).await.unwrap();
    let emitting = tokio::spawn({
        let bus = bus.clone();
        async move { bus.emit(job("emitted", 100)).await }
    });
    tokio::task::yield_now().await;
    let error = bus.shutdown(Duration::from_secs(5)).await.unwrap_err();
    assert_eq!(began.elapsed(), Duration::from_secs(5));
    let types: Vec<_> = error.unfinished().iter().map(|it| it.event_type()).collect();
    assert_eq!(types, ["shutdown.work"; 2]);
    assert!(
        error.to_string().starts_with("deliveries did not end within 5s, 2 of them known: `shutdown.work` "),
        "{error}"
    );
    assert_eq!(log.take(), ["posted begins", "emitted begins"]);
    // The emit is its caller's.
    assert!(emitting.await.unwrap().is_ok());
    bus.idle().await;
    assert_eq!(log.take(), ["emitted ends"]);
    assert_eq!(bus.dead_letters().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_batch_is_emitted_in_order_and_waited_for_together() {
    let (bus, log) = started();
    let began = Instant::now();
    let receipts = bus.emit_all([job("one", 3), job("two", 1), job("three", 2)]).await;
    assert_eq!(receipts.len(), 3);
    assert!(receipts.iter().all(|receipt| receipt.is_ok() && receipt.deliveries().count() == 1));
    assert_eq!(began.elapsed(), Duration::from_secs(3));
    let lines = ["one begins", "two begins", "three begins", "two ends", "three ends", "one ends"];
    assert_eq!(log.take(), lines);
    assert!(bus.emit_all(Vec::<Work>::new()).await.is_empty());
}

#[event(type = "shutdown.blocked")]
struct Blocked {}

#[handler]
fn blocks(_: &Blocked) {
    std::thread::sleep(Duration::from_millis(500));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deadline_that_came_is_an_error_whatever_is_known_of_what_runs() {
    let (builder, _) = bus();
    let bus = builder.handler::<blocks>().start().unwrap();
    bus.post(Blocked {}).await.unwrap();
    sleep(Duration::from_millis(100)).await;
    assert!(bus.shutdown(Duration::from_millis(50)).await.is_err());
    bus.idle().await;
}
