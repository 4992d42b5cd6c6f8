//! Waiting for what is under way, and an orderly end.

use std::sync::Arc;
use std::time::Duration;

use atoms::prelude::*;
use atoms::{DelayedEvent, MemoryBacklog, PostRefusal};
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
async fn who_waits_for_room_is_told_when_the_shutdown_begins() {
    let (builder, _log) = bus();
    let bus = builder.queue_capacity(1).handler::<work>().start().unwrap();
    bus.post(job("first", 100)).await.unwrap();
    let began = Instant::now();
    let refused = async {
        let refused = bus.post(job("second", 2)).await.unwrap_err();
        (refused.reason(), began.elapsed())
    };
    let shutdown = async {
        tokio::task::yield_now().await;
        bus.shutdown(SOON).await.unwrap_err()
    };
    let (refused, _) = tokio::join!(refused, shutdown);
    assert_eq!(refused, (PostRefusal::Closed, Duration::ZERO));
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
    assert_eq!(bus.dead_letters().len().await.unwrap(), 0);
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

#[event(type = "shutdown.stop")]
struct Stop {}

/// How long the handlers that end their bus give it.
const LONG: Duration = Duration::from_secs(60);

#[handler]
async fn a_stops(_: &Stop, context: Context, log: State<Log>) {
    let ended = context.bus().shutdown(LONG).await;
    log.add(ended.map_or_else(|error| format!("{} left", error.unfinished().len()), |_| "ended".into()));
}

#[handler]
async fn b_saves(_: &Stop, log: State<Log>) {
    sleep(Duration::from_secs(1)).await;
    log.add("saved");
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_in_a_handler_waits_for_the_others_and_not_for_itself() {
    let (builder, log) = bus();
    let bus = builder.handler::<a_stops>().handler::<b_saves>().handler::<work>().start().unwrap();
    let began = Instant::now();
    bus.post(job("posted", 3)).await.unwrap();
    assert!(bus.emit(Stop {}).await.is_ok());
    assert_eq!(log.take(), ["posted begins", "saved", "posted ends", "ended"]);
    assert_eq!(began.elapsed(), Duration::from_secs(3));
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_in_a_posted_handler_does_not_wait_for_itself() {
    let (builder, log) = bus();
    let bus = builder.handler::<a_stops>().handler::<b_saves>().start().unwrap();
    let began = Instant::now();
    bus.post(Stop {}).await.unwrap();
    bus.idle().await;
    assert_eq!(log.take(), ["saved", "ended"]);
    assert_eq!(began.elapsed(), Duration::from_secs(1));
}

#[event(type = "shutdown.late")]
struct Late {}

#[handler]
async fn asks_to_stop(_: &Late, context: Context, log: State<Log>) {
    log.add("asks");
    assert!(context.bus().emit(Stop {}).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_in_a_nested_emit_and_one_in_a_follow_up_leave_out_all_that_waits_for_them() {
    for is_nested in [true, false] {
        let (builder, log) = bus();
        let builder = builder.handler::<a_stops>().handler::<b_saves>();
        let bus = if is_nested { builder.handler::<asks_to_stop>() } else { builder.handler::<follows>() };
        let bus = bus.start().unwrap();
        let began = Instant::now();
        bus.emit(Late {}).await.into_result().unwrap();
        assert_eq!(log.take(), ["asks", "saved", "ended"], "{is_nested}");
        assert!(began.elapsed() < LONG, "{is_nested}");
    }
}

#[handler]
fn follows(_: &Late, log: State<Log>) -> Stop {
    log.add("asks");
    Stop {}
}

#[handler(detached)]
async fn stops_in_the_background(_: &Late, context: Context, log: State<Log>) {
    log.add(format!("{:?}", context.bus().shutdown(LONG).await.is_ok()));
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_in_a_detached_handler_does_not_wait_for_itself() {
    let (builder, log) = bus();
    let bus = builder.handler::<stops_in_the_background>().handler::<work>().start().unwrap();
    let began = Instant::now();
    bus.post(job("posted", 3)).await.unwrap();
    assert!(bus.emit(Late {}).await.is_ok());
    bus.idle().await;
    assert_eq!(log.take(), ["posted begins", "posted ends", "true"]);
    assert_eq!(began.elapsed(), Duration::from_secs(3));
}

#[handler]
async fn never_saves(_: &Stop) {
    std::future::pending::<()>().await;
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_in_a_handler_lists_the_others_and_not_itself() {
    let (builder, log) = bus();
    let bus = builder.handler::<a_stops>().handler::<never_saves>().handler::<work>().start().unwrap();
    bus.post(job("posted", 1)).await.unwrap();
    let emitting = bus.emit(Stop {});
    tokio::time::timeout(2 * LONG, emitting).await.unwrap_err();
    assert_eq!(log.take(), ["posted begins", "posted ends", "1 left"]);
    let (builder, log) = crate::bus();
    let bus = builder.handler::<a_stops>().handler::<work>().start().unwrap();
    bus.post(job("posted", 1_000)).await.unwrap();
    assert!(bus.emit(Stop {}).await.is_ok());
    assert_eq!(log.take(), ["posted begins", "1 left"]);
}

#[handler]
async fn waits(_: &Stop, context: Context, log: State<Log>) {
    context.bus().idle().await;
    log.add("idle");
}

#[tokio::test(start_paused = true)]
async fn a_handler_may_wait_until_all_others_are_done() {
    let (builder, log) = bus();
    let bus = builder.handler::<waits>().handler::<b_saves>().handler::<work>().start().unwrap();
    bus.post(job("posted", 3)).await.unwrap();
    let (receipt, ()) = tokio::join!(bus.emit(Stop {}), async { bus.idle().await });
    assert!(receipt.is_ok());
    assert_eq!(log.take(), ["posted begins", "saved", "posted ends", "idle"]);
}

/// Has something to say when it has blocked its thread.
#[handler]
fn blocks_and_follows(_: &Blocked) -> Late {
    std::thread::sleep(Duration::from_millis(300));
    Late {}
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_handler_emits_after_the_end_is_not_delivered() {
    let (builder, log) = bus();
    let bus = builder.handler::<blocks_and_follows>().handler::<is_late>().start().unwrap();
    bus.post(Blocked {}).await.unwrap();
    sleep(Duration::from_millis(100)).await;
    assert!(bus.shutdown(Duration::from_millis(50)).await.is_err());
    tokio::time::timeout(SOON, bus.idle()).await.unwrap();
    sleep(Duration::from_millis(400)).await;
    tokio::time::timeout(SOON, bus.idle()).await.unwrap();
    assert!(log.take().is_empty());
}

/// Posts something that is due a moment after it ends.
#[handler]
async fn reminds(work: &Work, context: Context) {
    let soon = Duration::from_secs(work.secs) + Duration::from_millis(1);
    drop(context.bus().post(Late {}).after(soon).await.unwrap());
    sleep(Duration::from_secs(work.secs)).await;
}

#[handler]
fn is_late(_: &Late, log: State<Log>) {
    log.add("late");
}

#[tokio::test(start_paused = true)]
async fn what_a_handler_posted_for_later_is_cancelled_if_it_ends_in_a_shutdown() {
    let (builder, log) = bus();
    let bus = builder.handler::<reminds>().handler::<is_late>().start().unwrap();
    for secs in [1, 3] {
        bus.post(job("posted", secs)).await.unwrap();
    }
    tokio::task::yield_now().await;
    bus.shutdown(SOON).await.unwrap();
    assert!(log.take().is_empty());
}

/// Posts something for later when it is about to end, and something for now.
#[handler]
async fn reminds_late(work: &Work, context: Context, log: State<Log>) -> Result<(), atoms::PostError> {
    sleep(Duration::from_secs(work.secs)).await;
    let bus = context.bus();
    let now = bus.post(Late {}).await.map_err(|error| error.reason());
    log.add(format!("{} {now:?}", work.name));
    let later = bus.post(Late {}).after(Duration::from_secs(60)).named("late", &work.name).await?;
    log.add(format!("{} {}", work.name, later.is_pending().await.unwrap()));
    Ok(())
}

fn keys(delayed: &[DelayedEvent]) -> Vec<&str> {
    delayed.iter().map(|delayed| delayed.name().unwrap().key()).collect()
}

#[tokio::test(start_paused = true)]
async fn what_a_handler_posts_for_later_during_a_shutdown_is_handed_back() {
    let (builder, log) = bus();
    let bus = builder.queue_capacity(2).handler::<reminds_late>().start().unwrap();
    // At different times, since which of two timers of one time comes first is not said.
    let emits = [("one", 1), ("two", 2), ("three", 3)].map(|(name, secs)| {
        let bus = bus.clone();
        tokio::spawn(async move { bus.emit(job(name, secs)).await.is_ok() })
    });
    bus.post(job("posted", 4)).await.unwrap();
    tokio::task::yield_now().await;
    let (delayed, outside) = tokio::join!(bus.shutdown(SOON), async {
        sleep(Duration::from_millis(500)).await;
        bus.post(Late {}).after(SOON).try_send().unwrap_err().reason()
    });
    assert_eq!(outside, PostRefusal::Closed, "no handler has posted it");
    // What the handler of a posted event posts, is held until it is done.
    let lines = log.take();
    assert_eq!(lines[..2], ["one Err(Closed)", "one false"]);
    assert_eq!(lines.last().unwrap(), "posted true");
    let delayed = delayed.unwrap();
    assert_eq!(keys(&delayed), ["one", "two", "three", "posted"]);
    assert!(delayed.iter().all(|delayed| delayed.event().is::<Late>()));
    for emit in emits {
        assert!(emit.await.unwrap());
    }
    assert!(bus.dead_letters().is_empty().await.unwrap());
    assert!(bus.shutdown(SOON).await.unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_comes_after_the_end_of_a_shutdown_is_refused() {
    let (builder, log) = bus();
    let bus = builder.handler::<reminds_late>().start().unwrap();
    let emit = tokio::spawn({
        let bus = bus.clone();
        async move { bus.emit(job("emitted", 5)).await.is_ok() }
    });
    tokio::task::yield_now().await;
    assert!(bus.shutdown(Duration::from_secs(2)).await.unwrap_err().delayed().is_empty());
    assert!(!emit.await.unwrap());
    assert_eq!(log.take(), ["emitted Err(Closed)"]);
    assert!(bus.shutdown(SOON).await.unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_backlog_keeps_what_handlers_post_for_later_during_a_shutdown() {
    let backlog = Arc::new(MemoryBacklog::default());
    let start = || bus().0.backlog(backlog.clone()).handler::<reminds_late>().start().unwrap();
    let first = start();
    first.post(job("posted", 2)).await.unwrap();
    let emit = tokio::spawn({
        let bus = first.clone();
        async move { bus.emit(job("emitted", 1)).await.is_ok() }
    });
    sleep(Duration::from_millis(10)).await;
    let (delayed, outside) = tokio::join!(first.shutdown(SOON), async {
        sleep(Duration::from_millis(500)).await;
        first.post(Late {}).after(SOON).await.unwrap_err().reason()
    });
    assert!(delayed.unwrap().is_empty());
    assert_eq!(outside, PostRefusal::Closed);
    assert!(emit.await.unwrap());
    drop(first);
    let next = start();
    assert_eq!(keys(&next.delayed().list().await.unwrap()), ["emitted", "posted"]);
}
