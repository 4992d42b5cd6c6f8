//! Posted events of one key are handled in order, those of different keys beside each other.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use atoms::prelude::*;
use atoms::{MemoryBacklog, Priority};
use tokio::time::{Instant, sleep};

use crate::{Log, SOON, bus};

#[event(type = "keys.placed")]
struct Placed {
    #[event(key)]
    order_id: String,
    secs: u64,
}

#[event(type = "keys.paid")]
struct Paid {
    amount: u64,
    #[event(key)]
    order_id: String,
}

#[handler]
async fn place(placed: &Placed, log: State<Log>) {
    log.add(format!("{} begins", placed.order_id));
    sleep(Duration::from_secs(placed.secs)).await;
    log.add(format!("{} ends", placed.order_id));
}

#[handler]
fn pay(paid: &Paid, log: State<Log>) {
    log.add(format!("{} pays {}", paid.order_id, paid.amount));
}

fn started() -> (Bus, Arc<Log>) {
    let (builder, log) = bus();
    (builder.handler::<place>().handler::<pay>().start().unwrap(), log)
}

fn placed(order_id: &str, secs: u64) -> Placed {
    Placed { order_id: order_id.into(), secs }
}

fn paid(order_id: &str, amount: u64) -> Paid {
    Paid { order_id: order_id.into(), amount }
}

#[tokio::test(start_paused = true)]
async fn events_of_one_key_wait_for_each_other_and_others_do_not() {
    let (bus, log) = started();
    let began = Instant::now();
    bus.post(placed("o-1", 3)).await.unwrap();
    bus.post(placed("o-1", 1)).await.unwrap();
    bus.post(paid("o-1", 7)).await.unwrap();
    bus.post(placed("o-2", 2)).await.unwrap();
    bus.idle().await;
    assert_eq!(began.elapsed().as_secs(), 4);
    let lines = ["o-1 begins", "o-2 begins", "o-2 ends", "o-1 ends", "o-1 begins", "o-1 ends", "o-1 pays 7"];
    assert_eq!(log.take(), lines);
}

#[tokio::test(start_paused = true)]
async fn no_priority_overtakes_an_event_of_the_same_key() {
    let (bus, log) = started();
    bus.post(placed("o-1", 1)).priority(Priority::Background).await.unwrap();
    bus.post(paid("o-1", 1)).priority(Priority::High).await.unwrap();
    bus.post(paid("o-2", 2)).priority(Priority::High).await.unwrap();
    bus.idle().await;
    assert_eq!(log.take(), ["o-2 pays 2", "o-1 begins", "o-1 ends", "o-1 pays 1"]);
}

#[tokio::test(start_paused = true)]
async fn a_delayed_event_waits_for_its_key_when_it_is_due() {
    let (bus, log) = started();
    bus.post(paid("o-1", 1)).after(Duration::from_secs(1)).await.unwrap();
    bus.post(placed("o-1", 2)).await.unwrap();
    sleep(Duration::from_secs(3)).await;
    assert_eq!(log.take(), ["o-1 begins", "o-1 ends", "o-1 pays 1"]);
}

#[tokio::test(start_paused = true)]
async fn the_end_of_a_bus_lists_what_waits_for_its_key() {
    let (bus, log) = started();
    bus.post(placed("o-1", 100)).await.unwrap();
    bus.post(paid("o-1", 1)).await.unwrap();
    let error = bus.shutdown(SOON).await.unwrap_err();
    let mut unfinished: Vec<_> = error.unfinished().iter().map(|it| it.event_type()).collect();
    unfinished.sort_unstable();
    assert_eq!(unfinished, ["keys.paid", "keys.placed"]);
    bus.idle().await;
    assert_eq!(log.take(), ["o-1 begins"]);
}

#[event(type = "keys.visit")]
struct Visit {
    #[event(key)]
    customer: Option<u32>,
}

/// What the struct calls the type of its key is its own affair.
type Customer = Option<u32>;

#[event(type = "keys.call")]
struct Call {
    #[event(key)]
    customer: Customer,
}

#[handler]
async fn visit(visit: &Visit, log: State<Log>) {
    sleep(Duration::from_secs(1)).await;
    log.add(format!("visit of {:?}", visit.customer));
}

#[handler]
async fn call(call: &Call, log: State<Log>) {
    sleep(Duration::from_secs(1)).await;
    log.add(format!("call of {:?}", call.customer));
}

#[tokio::test(start_paused = true)]
async fn events_without_a_key_run_beside_each_other() {
    let (builder, log) = bus();
    let bus = builder.handler::<visit>().handler::<call>().start().unwrap();
    let began = Instant::now();
    for _ in 0..5 {
        bus.post(Visit { customer: None }).await.unwrap();
        bus.post(Call { customer: None }).await.unwrap();
    }
    bus.idle().await;
    assert_eq!((began.elapsed().as_secs(), log.take().len()), (1, 10));
    bus.post(Visit { customer: Some(7) }).await.unwrap();
    bus.post(Call { customer: Some(7) }).await.unwrap();
    bus.idle().await;
    assert_eq!(began.elapsed().as_secs(), 3);
    assert_eq!(log.take(), ["visit of Some(7)", "call of Some(7)"]);
}

/// The last amount that each order has seen.
#[derive(Default)]
struct Seen(Mutex<HashMap<String, u64>>);

#[handler]
async fn in_order(paid: &Paid, seen: State<Seen>) {
    let before = seen.0.lock().unwrap().get(&paid.order_id).copied();
    if paid.amount.is_multiple_of(3) {
        tokio::task::yield_now().await;
    }
    assert_eq!(before.map_or(0, |amount| amount + 1), paid.amount);
    seen.0.lock().unwrap().insert(paid.order_id.clone(), paid.amount);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn each_key_is_in_order_on_many_threads() {
    let seen = Arc::new(Seen::default());
    let bus = bus().0.shared_state(seen.clone()).queue_capacity(64).handler::<in_order>().start().unwrap();
    let posting = (0..8).map(|order| {
        let bus = bus.clone();
        tokio::spawn(async move {
            for amount in 0..500 {
                bus.post(paid(&format!("o-{order}"), amount)).await.unwrap();
            }
        })
    });
    for posting in posting.collect::<Vec<_>>() {
        posting.await.unwrap();
    }
    bus.shutdown(SOON).await.unwrap();
    assert!(bus.dead_letters().is_empty().await.unwrap(), "{}", bus.dead_letters().list().await.unwrap()[0]);
    assert!(seen.0.lock().unwrap().values().all(|amount| *amount == 499));
    assert_eq!(seen.0.lock().unwrap().len(), 8);
}

/// A key that only this post has: it waits for those of the same value, whatever their type.
#[tokio::test(start_paused = true)]
async fn an_event_may_be_posted_with_another_key() {
    let (bus, log) = started();
    bus.post(placed("o-1", 2)).await.unwrap();
    bus.post(paid("o-2", 1)).key("o-1").await.unwrap();
    bus.post(paid("o-1", 2)).key("o-2").try_send().unwrap();
    bus.post(paid("o-1", 3)).key(&None::<u32>).await.unwrap();
    bus.post(paid("o-3", 4)).after(Duration::from_secs(1)).key("o-1").await.unwrap();
    bus.idle().await;
    let mut lines = log.take();
    lines[..3].sort_unstable();
    assert_eq!(lines, ["o-1 begins", "o-1 pays 2", "o-1 pays 3", "o-1 ends", "o-2 pays 1", "o-3 pays 4"]);
}

#[tokio::test(start_paused = true)]
async fn a_backlog_keeps_the_key_of_a_post() {
    let (builder, log) = bus();
    let builder = builder.handler::<place>().handler::<pay>();
    let bus = builder.backlog(Arc::new(MemoryBacklog::default())).start().unwrap();
    bus.post(placed("o-1", 2)).await.unwrap();
    bus.post(paid("o-2", 1)).key("o-1").await.unwrap();
    bus.post(paid("o-1", 2)).key("o-2").await.unwrap();
    bus.idle().await;
    let mut lines = log.take();
    lines[..2].sort_unstable();
    assert_eq!(lines, ["o-1 begins", "o-1 pays 2", "o-1 ends", "o-2 pays 1"]);
}
