//! In what order handlers run.

use std::sync::Arc;
use std::time::Duration;

use atoms::prelude::*;
use tokio::sync::Barrier;
use tokio::time::{Instant, sleep};

use crate::{Log, bus};

#[event(type = "order.started")]
struct Started {}

/// Handlers that write down their names.
macro_rules! handlers {
    ($($order:literal: $name:ident,)*) => {
        $(
            #[handler(order = $order)]
            fn $name(_: &Started, log: State<Log>) {
                log.add(stringify!($name));
            }
        )*
    };
}

handlers! {
    0: b,
    0: a,
    5: late,
    -5: early,
    5: later,
}

#[handler(order = -9)]
async fn async_first(_: &Started, log: State<Log>) {
    log.add("async_first");
}

#[handler]
async fn async_second(_: &Started, log: State<Log>) {
    log.add("async_second");
}

#[tokio::test]
async fn sync_handlers_run_first_by_order_and_path() {
    let log = Arc::new(Log::default());
    let builder = bus().shared_state(log.clone()).handler::<async_second>().handler::<later>();
    let builder = builder.handler::<late>().handler::<b>().handler::<async_first>().handler::<a>();
    let bus = builder.handler::<early>().start().unwrap();
    let receipt = bus.emit(Started {}).await;
    let ran = log.take();
    assert_eq!(ran, ["early", "a", "b", "late", "later", "async_first", "async_second"]);
    let names = receipt.deliveries().map(|(recipient, _)| recipient.to_string());
    for (name, ran) in names.zip(&ran) {
        assert!(name.starts_with(&format!("bus::order::{ran} (")), "{name}");
    }
    receipt.into_result().unwrap();
}

#[handler]
async fn slow(_: &Started, log: State<Log>) {
    sleep(Duration::from_secs(3)).await;
    log.add("slow");
}

#[handler]
async fn slower(_: &Started, log: State<Log>) {
    sleep(Duration::from_secs(5)).await;
    log.add("slower");
}

#[handler]
async fn quick(_: &Started, log: State<Log>) {
    log.add("quick");
}

#[tokio::test(start_paused = true)]
async fn async_handlers_run_concurrently() {
    let log = Arc::new(Log::default());
    let builder = bus().shared_state(log.clone()).handler::<slower>().handler::<slow>().handler::<quick>();
    let bus = builder.start().unwrap();
    let began = Instant::now();
    bus.emit(Started {}).await.into_result().unwrap();
    assert_eq!(began.elapsed().as_secs(), 5);
    assert_eq!(log.take(), ["quick", "slow", "slower"]);
}

#[handler]
async fn meet_1(_: &Started, barrier: State<Barrier>) {
    barrier.wait().await;
}

#[handler]
async fn meet_2(_: &Started, barrier: State<Barrier>) {
    barrier.wait().await;
}

#[handler]
async fn meet_3(_: &Started, barrier: State<Barrier>) {
    barrier.wait().await;
}

#[tokio::test]
async fn async_handlers_may_wait_for_each_other() {
    let builder = bus().state(Barrier::new(3)).handler::<meet_1>().handler::<meet_2>().handler::<meet_3>();
    let bus = builder.start().unwrap();
    bus.emit(Started {}).await.into_result().unwrap();
}

#[test]
fn a_handler_that_is_named_and_discovered_runs_once() {
    let builder = bus().handler::<a>().handler::<a>().state(Log::default());
    assert_eq!(builder.start().unwrap().registry().handlers().len(), 1);
}
