//! Posted events are delivered by the bus itself.

use std::future::IntoFuture;
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

use atoms::prelude::*;
use atoms::{AnyEvent, PostRefusal, Priority, RawEvent, Refusal};
use tokio::sync::Notify;

use crate::{Log, SOON, bus};

#[event(type = "posting.job")]
struct Job {
    number: u64,
}

#[event(type = "posting.round")]
struct Round {}

#[handler]
fn work(job: &Job, log: State<Log>) {
    log.add(format!("{}", job.number));
}

#[handler]
async fn wait(job: &Job, gate: State<Notify>, log: State<Log>) {
    gate.notified().await;
    log.add(format!("{}", job.number));
}

#[tokio::test]
async fn what_is_posted_is_handled_though_nobody_waits_for_it() {
    let (builder, log) = bus();
    let bus = builder.handler::<work>().start().unwrap();
    for number in 0..3 {
        bus.post(Job { number }).await.unwrap();
    }
    assert!(log.take().is_empty());
    bus.idle().await;
    assert_eq!(log.take(), ["0", "1", "2"]);
}

#[tokio::test]
async fn an_event_of_a_higher_priority_overtakes() {
    let (builder, log) = bus();
    let bus = builder.handler::<work>().start().unwrap();
    for (number, priority) in [(1, Priority::Background), (2, Priority::Normal), (3, Priority::High)] {
        bus.post(Job { number }).priority(priority).await.unwrap();
        bus.post(Job { number: 10 * number }).priority(priority).await.unwrap();
    }
    bus.idle().await;
    assert_eq!(log.take(), ["3", "30", "2", "20", "1", "10"]);
}

#[tokio::test]
async fn a_full_queue_gives_the_event_back() {
    let (builder, log) = bus();
    let gate = Arc::new(Notify::new());
    let bus = builder.shared_state(gate.clone()).queue_capacity(2).handler::<wait>().start().unwrap();
    bus.post(Job { number: 1 }).try_send().unwrap();
    bus.post(Job { number: 2 }).try_send().unwrap();
    let error = bus.post(Job { number: 3 }).try_send().unwrap_err();
    assert_eq!(error.reason(), PostRefusal::Full { capacity: 2 });
    assert_eq!(
        error.to_string(),
        "`posting.job` was not posted: the queue is full, with 2 events of its kind; await the post to wait for room"
    );
    assert_eq!(error.into_event().downcast_ref::<Job>().unwrap().number, 3);
    bus.post(Job { number: 4 }).priority(Priority::High).try_send().unwrap();
    for _ in 0..3 {
        tokio::task::yield_now().await;
        gate.notify_one();
    }
    bus.idle().await;
    assert_eq!(log.take().len(), 3);
}

#[tokio::test]
async fn who_awaits_a_full_queue_waits_in_order() {
    let (builder, log) = bus();
    let gate = Arc::new(Notify::new());
    let bus = builder.shared_state(gate.clone()).queue_capacity(1).handler::<wait>().start().unwrap();
    bus.post(Job { number: 0 }).await.unwrap();
    let post = |number| {
        let (bus, log) = (bus.clone(), log.clone());
        tokio::spawn(async move {
            bus.post(Job { number }).await.unwrap();
            log.add(format!("posted {number}"));
        })
    };
    let (one, two) = (post(1), post(2));
    tokio::task::yield_now().await;
    assert!(log.take().is_empty());
    for posted in [one, two] {
        gate.notify_one();
        posted.await.unwrap();
    }
    gate.notify_one();
    bus.idle().await;
    assert_eq!(log.take(), ["0", "posted 1", "1", "posted 2", "2"]);
}

#[tokio::test]
async fn a_post_that_is_dropped_while_it_waits_posts_nothing() {
    let (builder, log) = bus();
    let gate = Arc::new(Notify::new());
    let bus = builder.shared_state(gate.clone()).queue_capacity(1).handler::<wait>().start().unwrap();
    bus.post(Job { number: 0 }).await.unwrap();
    let waiting = bus.post(Job { number: 1 }).into_future();
    tokio::time::timeout(Duration::from_millis(10), waiting).await.unwrap_err();
    gate.notify_one();
    bus.idle().await;
    bus.post(Job { number: 2 }).try_send().unwrap();
    gate.notify_one();
    bus.idle().await;
    assert_eq!(log.take(), ["0", "2"]);
}

#[test]
fn outside_of_a_runtime_nothing_can_be_posted() {
    let (builder, log) = bus();
    let bus = builder.queue_capacity(1).handler::<work>().start().unwrap();
    for _ in 0..3 {
        let error = bus.post(Job { number: 7 }).try_send().unwrap_err();
        assert_eq!(error.reason(), PostRefusal::NoRuntime);
        assert!(error.into_event().is::<Job>());
    }
    assert!(log.take().is_empty());
}

#[test]
fn a_bus_outlives_the_runtime_that_it_was_first_used_in() {
    let (builder, log) = bus();
    let bus = builder.handler::<work>().start().unwrap();
    for number in 0..2 {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            bus.post(Job { number }).await.unwrap();
            bus.idle().await;
        });
    }
    assert_eq!(log.take(), ["0", "1"]);
}

#[handler]
async fn go_round(_: &Round, context: Context, log: State<Log>) {
    log.add(format!("{} {}", context.hops(), context.metadata().causation_id().is_some()));
    context.bus().post(Round {}).await.unwrap();
}

#[tokio::test]
async fn posts_that_follow_from_each_other_are_a_chain_with_a_limit() {
    let (builder, log) = bus();
    let bus = builder.handler::<go_round>().hop_limit(2).start().unwrap();
    bus.post(Round {}).await.unwrap();
    bus.idle().await;
    assert_eq!(log.take(), ["0 false", "1 true", "2 true"]);
    let letters = bus.dead_letters().list().await.unwrap();
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0].cause().to_string(), Refusal::HopLimit { limit: 2 }.to_string());
}

#[handler]
fn panic_at_one(job: &Job) {
    assert_ne!(job.number, 1, "one");
}

#[tokio::test]
async fn a_handler_that_panics_ends_no_worker() {
    let (builder, log) = bus();
    let bus = builder.handler::<panic_at_one>().handler::<work>().start().unwrap();
    for number in 0..3 {
        bus.post(Job { number }).await.unwrap();
    }
    bus.idle().await;
    assert_eq!(log.take(), ["0", "1", "2"]);
    assert_eq!(bus.dead_letters().len().await.unwrap(), 1);
}

#[handler]
fn see(event: &AnyEvent, log: State<Log>) {
    log.add(event.event_type());
}

#[tokio::test]
async fn an_event_of_any_type_can_be_posted() {
    let (builder, log) = bus();
    let bus = builder.handler::<see>().start().unwrap();
    let frame = *br#"{"type":"posting.unknown"}"#;
    let raw = AnyEvent::from(RawEvent::new("posting.unknown", frame, None, None, None));
    bus.post_any(raw).await.unwrap();
    bus.post_any(AnyEvent::from(Envelope::new(Job { number: 1 }))).await.unwrap();
    bus.shutdown(SOON).await.unwrap();
    assert_eq!(log.take(), ["posting.unknown", "posting.job"]);
}

#[tokio::test]
async fn a_bus_that_is_dropped_takes_its_queue_with_it() {
    let (builder, log) = bus();
    let bus = builder.handler::<work>().start().unwrap();
    bus.post(Job { number: 1 }).await.unwrap();
    drop(bus);
    tokio::time::sleep(Duration::from_millis(10)).await;
    assert!(log.take().is_empty());
    assert_eq!(Arc::strong_count(&log), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_tasks_post_and_each_event_is_handled_once() {
    let (builder, log) = bus();
    let bus = builder.queue_capacity(16).handler::<work>().start().unwrap();
    let posting = (0..8_u64).map(|task| {
        let bus = bus.clone();
        tokio::spawn(async move {
            for number in 0..500 {
                bus.post(Job { number: task * 500 + number }).await.unwrap();
            }
        })
    });
    for task in posting.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    bus.shutdown(SOON).await.unwrap();
    let mut seen: Vec<u64> = log.take().iter().map(|number| number.parse().unwrap()).collect();
    seen.sort_unstable();
    assert_eq!(seen, (0..4_000).collect::<Vec<_>>());
}

#[event(type = "posting.again")]
struct Again {}

#[handler]
async fn relay(_: &Job, context: Context) {
    context.bus().post(Again {}).await.unwrap();
}

#[handler]
fn count(_: &Again, log: State<Log>) {
    log.add("again");
}

#[tokio::test]
async fn handlers_that_post_do_not_wait_for_each_other() {
    let (builder, log) = bus();
    let bus = builder.queue_capacity(2).handler::<relay>().handler::<count>().start().unwrap();
    for number in 0..50 {
        bus.post(Job { number }).await.unwrap();
    }
    bus.idle().await;
    assert_eq!(log.take().len(), 50);
}

#[event(type = "posting.block")]
struct Block {}

/// Blocks the worker that it comes back to, until somebody else is there twice.
#[handler]
async fn block(_: &Block, gate: State<Barrier>) {
    tokio::time::sleep(Duration::from_millis(20)).await;
    gate.wait();
    gate.wait();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_worker_that_is_busy_is_not_taken_for_an_idle_one() {
    let (builder, log) = bus();
    let gate = Arc::new(Barrier::new(2));
    let bus = builder.shared_state(gate.clone()).handler::<block>().handler::<work>().start().unwrap();
    for number in 0..8 {
        bus.post(Job { number }).await.unwrap();
    }
    bus.idle().await;
    log.take();
    bus.post(Block {}).await.unwrap();
    // Without the runtime's timers: the worker may hold the thread that sees to them.
    gate.wait();
    bus.post(Job { number: 9 }).await.unwrap();
    let (began, mut seen) = (Instant::now(), Vec::new());
    while seen.is_empty() && began.elapsed() < SOON {
        std::thread::sleep(Duration::from_millis(1));
        seen = log.take();
    }
    gate.wait();
    assert_eq!(seen, ["9"]);
}

/// What is thrown when an event is dropped, and throws again when it is dropped itself.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            panic!("a bomb");
        }
    }
}

static IS_ARMED: std::sync::atomic::AtomicBool = std::sync::atomic::AtomicBool::new(false);

#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
struct Mine {}

impl Drop for Mine {
    fn drop(&mut self) {
        if IS_ARMED.swap(false, std::sync::atomic::Ordering::SeqCst) {
            std::panic::panic_any(Bomb);
        }
    }
}

#[event(type = "posting.mined")]
struct Mined {
    mine: Mine,
}

#[handler]
fn arm(_: &Mined) {
    IS_ARMED.store(true, std::sync::atomic::Ordering::SeqCst);
}

#[tokio::test]
async fn an_event_that_panics_when_it_is_dropped_loses_no_other() {
    let (builder, log) = bus();
    let bus = builder.handler::<arm>().handler::<work>().start().unwrap();
    bus.post(Mined { mine: Mine {} }).await.unwrap();
    for number in 0..3 {
        bus.post(Job { number }).await.unwrap();
    }
    bus.shutdown(SOON).await.unwrap();
    assert_eq!(log.take(), ["0", "1", "2"]);
}
