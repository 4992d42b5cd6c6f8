//! How emits and buses end.

use std::sync::Arc;
use std::time::Duration;

use atoms::Refusal;
use atoms::prelude::*;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, timeout};

use crate::{Log, SOON, bus};

#[event(type = "lifecycle.started")]
struct Started {}

#[event(type = "lifecycle.followed")]
struct Followed {}

#[handler]
fn log(_: &Started, log: State<Log>) -> Followed {
    log.add("sync");
    Followed {}
}

#[handler]
async fn wait(_: &Started, log: State<Log>) {
    log.add("wait");
    sleep(Duration::from_secs(1)).await;
    log.add("waited");
}

#[handler]
async fn follow(_: &Followed, log: State<Log>) {
    log.add("follow");
    sleep(Duration::from_secs(2)).await;
    log.add("followed");
}

fn waiting() -> (Bus, Arc<Log>) {
    let log = Arc::new(Log::default());
    let builder = bus().shared_state(log.clone()).handler::<self::log>();
    (builder.handler::<wait>().handler::<follow>().start().unwrap(), log)
}

#[tokio::test(start_paused = true)]
async fn an_emit_does_nothing_until_it_is_polled() {
    let (bus, log) = waiting();
    drop(bus.emit(Started {}));
    assert!(log.take().is_empty());
}

#[tokio::test(start_paused = true)]
async fn dropping_an_emit_cancels_its_handlers_at_their_next_await() {
    let (bus, log) = waiting();
    timeout(Duration::from_millis(1_500), bus.emit(Started {})).await.unwrap_err();
    assert_eq!(log.take(), ["sync", "wait", "follow", "waited"]);
    sleep(Duration::from_secs(5)).await;
    assert!(log.take().is_empty());
    bus.shutdown(SOON).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_waits_for_what_runs_and_refuses_what_comes() {
    let (bus, log) = waiting();
    let began = Instant::now();
    let running = tokio::spawn({
        let bus = bus.clone();
        async move { bus.emit(Started {}).await }
    });
    tokio::task::yield_now().await;
    assert_eq!(log.take(), ["sync", "wait", "follow"]);
    let shutdown = bus.shutdown(SOON);
    let late = async {
        tokio::task::yield_now().await;
        assert!(bus.is_closed());
        bus.emit(Started {}).await
    };
    let (ended, late) = tokio::join!(shutdown, late);
    ended.unwrap();
    assert_eq!(began.elapsed().as_secs(), 2);
    assert_eq!(log.take(), ["waited", "followed"]);
    assert_eq!(late.refusal(), Some(&Refusal::Closed));
    assert_eq!(late.deliveries().count(), 0);
    assert_eq!(late.into_result().unwrap_err().to_string(), "`lifecycle.started`: the bus is shut down");
    running.await.unwrap().into_result().unwrap();
    assert!(!bus.receive(br#"{"type":"lifecycle.started"}"#).await.unwrap().is_ok());
    bus.shutdown(SOON).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_that_is_dropped_may_be_called_again() {
    let (bus, log) = waiting();
    let emit = bus.emit(Started {});
    let impatient = async {
        timeout(Duration::from_millis(10), bus.shutdown(SOON)).await.unwrap_err();
        bus.shutdown(SOON).await.unwrap();
        log.add("shut down");
    };
    let (receipt, ()) = tokio::join!(emit, impatient);
    receipt.into_result().unwrap();
    assert_eq!(log.take().last().unwrap(), "shut down");
}

#[tokio::test]
async fn two_buses_share_nothing() {
    let ((one, log_of_one), (other, log_of_other)) = (waiting(), waiting());
    let seen = log_of_one.clone();
    let _subscription = one.on::<Followed>(move |_| seen.add("subscriber"));
    let mut stream = one.stream::<Started>();
    drop(timeout(Duration::ZERO, other.emit(Started {})).await);
    assert!(log_of_one.take().is_empty());
    assert!(!log_of_other.take().is_empty());
    other.shutdown(SOON).await.unwrap();
    assert!(!one.is_closed());
    drop(timeout(Duration::ZERO, one.emit(Started {})).await);
    assert!(log_of_one.take().contains(&"subscriber".to_owned()));
    stream.next().await.unwrap().unwrap();
}

#[handler]
async fn outlive(_: &Started, out: Emitter<Followed>, end: State<Notify>, log: State<Log>) {
    tokio::spawn(async move {
        end.notified().await;
        out.emit(Followed {}).await;
        log.add("emitted too late");
        end.notify_one();
    });
}

#[tokio::test]
async fn an_emitter_that_outlives_its_root_emits_in_vain() {
    let (log, end) = (Arc::new(Log::default()), Arc::new(Notify::new()));
    let builder = bus().shared_state(log.clone()).shared_state(end.clone());
    let bus = builder.handler::<outlive>().handler::<follow>().start().unwrap();
    let receipt = bus.emit(Started {}).await;
    assert!(receipt.follow_ups().is_empty());
    receipt.into_result().unwrap();
    end.notify_one();
    tokio::task::yield_now().await;
    end.notified().await;
    assert_eq!(log.take(), ["emitted too late"]);
}

#[test]
fn receipts_and_buses_can_go_to_other_threads() {
    fn assert_send<T: Send + 'static>(_: T) {}
    let bus = bus().start().unwrap();
    assert_send(bus.clone());
    assert_send(async move { bus.emit(Started {}).await });
}
