//! Posted events of one key are handled in order, those of different keys beside each other.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use atoms::prelude::*;
use atoms::{BusBuilder, MemoryBacklog, Priority, RedeliverError, Refusal};
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

/// Fails at first, and then takes a second.
#[handler]
async fn charge(paid: &Paid, calls: State<AtomicU32>, log: State<Log>) -> Result<(), String> {
    if calls.fetch_add(1, Ordering::SeqCst) == 0 {
        return Err("not yet".into());
    }
    log.add(format!("{} charge begins", paid.order_id));
    sleep(Duration::from_secs(1)).await;
    log.add(format!("{} charge ends", paid.order_id));
    Ok(())
}

/// In the queue, and in a backlog; with a dead letter.
async fn with_a_letter(post: impl AsyncFn(&Bus)) -> [(Bus, Arc<Log>, u64); 2] {
    let started = async |builder: BusBuilder, log| {
        let builder = builder.handler::<place>().handler::<charge>().state(AtomicU32::new(0));
        let bus = builder.start().unwrap();
        post(&bus).await;
        bus.idle().await;
        let letter = bus.dead_letters().list().await.unwrap()[0].id();
        (bus, log, letter)
    };
    let ((queue, queue_log), (backlog, backlog_log)) = (bus(), bus());
    let backlog = backlog.backlog(Arc::new(MemoryBacklog::default()));
    [started(queue, queue_log).await, started(backlog, backlog_log).await]
}

#[tokio::test(start_paused = true)]
async fn a_letter_that_is_delivered_again_waits_for_its_key_and_others_for_it() {
    for (bus, log, letter) in with_a_letter(async |bus| bus.post(paid("o-1", 1)).await.unwrap()).await {
        let began = Instant::now();
        bus.post(placed("o-1", 2)).await.unwrap();
        bus.post(placed("o-1", 1)).await.unwrap();
        let posted_later = async {
            sleep(Duration::from_millis(500)).await;
            bus.post(placed("o-1", 1)).await.unwrap();
            bus.post(placed("o-2", 0)).await.unwrap();
        };
        let redelivered = async { bus.dead_letters().redeliver_all(|it| it.id() == letter).await.unwrap() };
        let (redelivered, ()) = tokio::join!(redelivered, posted_later);
        assert!(redelivered[0].1.as_ref().unwrap().is_ok());
        assert_eq!(began.elapsed(), Duration::from_secs(4));
        bus.idle().await;
        let lines = log.take();
        let of_key: Vec<_> = lines.iter().filter_map(|line| line.strip_prefix("o-1 ")).collect();
        let placed = ["begins", "ends"];
        let in_order = [placed, placed, ["charge begins", "charge ends"], placed].concat();
        assert_eq!(of_key, in_order);
        assert!(lines.iter().position(|line| line == "o-2 ends") < Some(5), "{lines:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_letter_keeps_the_key_that_its_event_was_posted_with() {
    let posted = async |bus: &Bus| bus.post(paid("o-1", 1)).key("shared").await.unwrap();
    for (bus, log, letter) in with_a_letter(posted).await {
        bus.post(placed("o-2", 2)).key("shared").await.unwrap();
        bus.post(placed("o-1", 3)).await.unwrap();
        assert!(bus.dead_letters().redeliver(letter).await.unwrap().is_ok());
        bus.idle().await;
        let lines =
            ["o-2 begins", "o-1 begins", "o-2 ends", "o-1 charge begins", "o-1 charge ends", "o-1 ends"];
        let mut sorted = log.take();
        sorted[3..].sort_unstable();
        let mut expected = lines.map(String::from);
        expected[3..].sort_unstable();
        assert_eq!(sorted, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_redelivery_that_nobody_waits_for_holds_up_nothing() {
    for (bus, log, letter) in with_a_letter(async |bus| bus.post(paid("o-1", 1)).await.unwrap()).await {
        bus.post(placed("o-1", 5)).await.unwrap();
        let redelivery = bus.dead_letters().redeliver(letter);
        assert!(tokio::time::timeout(Duration::from_secs(1), redelivery).await.is_err());
        bus.post(placed("o-1", 1)).await.unwrap();
        bus.idle().await;
        assert_eq!(log.take(), ["o-1 begins", "o-1 ends", "o-1 begins", "o-1 ends"]);
        assert_eq!(bus.dead_letters().len().await.unwrap(), 1);
        // It has its turn at once, and gives it back when it is dropped.
        let redelivery = bus.dead_letters().redeliver(letter);
        assert!(tokio::time::timeout(Duration::from_millis(500), redelivery).await.is_err());
        bus.post(placed("o-1", 1)).await.unwrap();
        bus.idle().await;
        assert_eq!(log.take(), ["o-1 charge begins", "o-1 begins", "o-1 ends"]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_redelivery_that_waits_for_its_key_is_refused_by_a_shutdown() {
    for secs in [2, 100] {
        for (bus, log, letter) in with_a_letter(async |bus| bus.post(paid("o-1", 1)).await.unwrap()).await {
            bus.post(placed("o-1", secs)).await.unwrap();
            let shutdown = async {
                sleep(Duration::from_secs(1)).await;
                bus.shutdown(SOON).await.is_ok()
            };
            let (redelivered, ended) = tokio::join!(bus.dead_letters().redeliver(letter), shutdown);
            assert_eq!(redelivered.unwrap_err(), RedeliverError::Refused(Refusal::Closed));
            assert_eq!((ended, log.take().len()), if secs == 2 { (true, 2) } else { (false, 1) });
        }
    }
}

/// Delivers the letters of its own key again.
#[handler]
async fn try_again(placed: &Placed, context: Context, log: State<Log>) {
    let letters = context.bus().dead_letters();
    let redelivered = letters.redeliver_all(|letter| letter.handler().is_some()).await.unwrap();
    log.add(format!("{} {}", placed.order_id, redelivered[0].1.as_ref().unwrap().is_ok()));
}

#[tokio::test(start_paused = true)]
async fn a_handler_has_the_turn_of_its_own_key() {
    let ((queue, queue_log), (backlog, backlog_log)) = (bus(), bus());
    let backlog = backlog.backlog(Arc::new(MemoryBacklog::default()));
    for (builder, log) in [(queue, queue_log), (backlog, backlog_log)] {
        let builder = builder.handler::<try_again>().handler::<charge>().state(AtomicU32::new(0));
        let bus = builder.start().unwrap();
        bus.post(paid("o-1", 1)).await.unwrap();
        bus.post(placed("o-1", 0)).await.unwrap();
        tokio::time::timeout(SOON, bus.idle()).await.unwrap();
        assert_eq!(log.take(), ["o-1 charge begins", "o-1 charge ends", "o-1 true"]);
    }
}

/// Delivers the other letters of its key again, the first time that it is called again.
#[handler]
async fn clean_up(
    paid: &Paid,
    context: Context,
    calls: State<AtomicU32>,
    log: State<Log>,
) -> Result<(), String> {
    match calls.fetch_add(1, Ordering::SeqCst) {
        0 | 1 => return Err("not yet".into()),
        2 => {
            let others = context.bus().dead_letters().redeliver_all(|_| true).await.unwrap();
            log.add(format!("{} others", others.len()));
        }
        _ => {}
    }
    log.add(format!("cleaned up {}", paid.amount));
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_letter_that_is_delivered_again_has_the_turn_of_its_key() {
    let (builder, log) = bus();
    let bus = builder.handler::<clean_up>().state(AtomicU32::new(0)).start().unwrap();
    for amount in [1, 2] {
        bus.post(paid("o-1", amount)).await.unwrap();
    }
    bus.idle().await;
    let first = bus.dead_letters().list().await.unwrap()[0].id();
    let redelivered = tokio::time::timeout(SOON, bus.dead_letters().redeliver(first)).await.unwrap();
    assert!(redelivered.unwrap().is_ok());
    assert_eq!(log.take(), ["cleaned up 2", "1 others", "cleaned up 1"]);
}
