//! What the options of `#[handler]` do.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use atoms::prelude::*;
use atoms::{AnyEvent, FailureKind, RawEvent, Refusal, Retryable};
use tokio::time::{Instant, sleep};

use crate::{Log, bus};

#[event(type = "options.order")]
struct Order {
    number: u64,
}

#[event(type = "options.order.line")]
struct Line {}

#[event(type = "options.sent")]
struct Sent {}

fn order(number: u64) -> Order {
    Order { number }
}

#[derive(Debug, thiserror::Error)]
enum MailError {
    #[error("busy")]
    Busy,
    #[error("no such address")]
    NoSuchAddress,
}

impl Retryable for MailError {
    fn is_retryable(&self) -> bool {
        matches!(self, Self::Busy)
    }
}

/// Is busy `number` times, then succeeds; with the number 100 it never can.
#[handler(retry(attempts = 4, delay = "1s", max_delay = "3s"))]
async fn mail(order: &Order, calls: State<AtomicUsize>, out: Emitter<Line>) -> Result<Sent, MailError> {
    let call = calls.fetch_add(1, Ordering::Relaxed) as u64;
    out.emit(Line {}).await;
    match order.number {
        100 => Err(MailError::NoSuchAddress),
        number if call < number => Err(MailError::Busy),
        _ => Ok(Sent {}),
    }
}

/// A bus with that handler, and how often it was called.
fn mailing() -> (Bus, Arc<AtomicUsize>) {
    let calls = Arc::new(AtomicUsize::new(0));
    (bus().0.shared_state(calls.clone()).handler::<mail>().start().unwrap(), calls)
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_fails_is_called_again_and_again_later() {
    let (bus, calls) = mailing();
    let began = Instant::now();
    let receipt = bus.emit(order(2)).await;
    assert!(receipt.is_ok());
    assert_eq!((calls.load(Ordering::Relaxed), began.elapsed().as_secs()), (3, 1 + 2));
    let followed: Vec<_> = receipt.follow_ups().iter().map(Receipt::event_type).collect();
    assert_eq!(followed, ["options.order.line", "options.order.line", "options.order.line", "options.sent"]);
    assert!(bus.dead_letters().is_empty().await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn after_the_last_attempt_it_has_failed_with_all_of_them() {
    let (bus, calls) = mailing();
    let began = Instant::now();
    let receipt = bus.emit(order(9)).await;
    assert_eq!((calls.load(Ordering::Relaxed), began.elapsed().as_secs()), (4, 1 + 2 + 3));
    assert_eq!(receipt.failures()[0].error.to_string(), "busy");
    let letter = bus.dead_letters().list().await.unwrap().remove(0);
    assert_eq!(letter.attempts().len(), 4);
    assert!(letter.attempts().windows(2).all(|pair| pair[0].at() <= pair[1].at()));
    assert!(letter.to_string().contains("4 attempts: busy"), "{letter}");
}

#[tokio::test(start_paused = true)]
async fn an_error_that_says_so_is_not_tried_again() {
    let (bus, calls) = mailing();
    let receipt = bus.emit(order(100)).await;
    assert_eq!(calls.load(Ordering::Relaxed), 1);
    assert!(receipt.failures()[0].error.downcast_ref::<MailError>().is_some());
}

#[handler(retry(attempts = 3, backoff = "fixed", delay = "2s"))]
fn fail(_: &Line, calls: State<AtomicUsize>) -> Result<(), &'static str> {
    calls.fetch_add(1, Ordering::Relaxed);
    Err("always")
}

#[handler(retry)]
async fn panic(_: &Sent, calls: State<AtomicUsize>) -> Result<(), String> {
    calls.fetch_add(1, Ordering::Relaxed);
    panic!("a bug")
}

#[tokio::test(start_paused = true)]
async fn fixed_waits_are_all_alike_and_a_sync_function_may_be_tried_again() {
    let calls = Arc::new(AtomicUsize::new(0));
    let bus = bus().0.shared_state(calls.clone()).handler::<fail>().start().unwrap();
    let began = Instant::now();
    assert!(!bus.emit(Line {}).await.is_ok());
    assert_eq!((calls.load(Ordering::Relaxed), began.elapsed().as_secs()), (3, 4));
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_not_tried_again() {
    let calls = Arc::new(AtomicUsize::new(0));
    let bus = bus().0.shared_state(calls.clone()).handler::<panic>().start().unwrap();
    let receipt = bus.emit(Sent {}).await;
    assert_eq!(receipt.failures()[0].error.to_string(), "panicked: a bug");
    assert_eq!(calls.load(Ordering::Relaxed), 1);
}

#[handler(retry(attempts = 20, backoff = "fixed", delay = "1s", jitter))]
async fn jitter(_: &Sent) -> Result<(), String> {
    Err("again".into())
}

#[tokio::test(start_paused = true)]
async fn jitter_adds_up_to_the_wait_itself() {
    let bus = bus().0.handler::<jitter>().start().unwrap();
    let began = Instant::now();
    assert!(!bus.emit(Sent {}).await.is_ok());
    let took = began.elapsed().as_secs_f64();
    assert!((19.0..=38.1).contains(&took) && took != 19.0, "{took}");
}

/// Says itself how many seconds to wait at least.
#[derive(Debug, thiserror::Error)]
#[error("wait for {0} s")]
struct Wait(u64);

impl Retryable for Wait {
    fn is_retryable(&self) -> bool {
        true
    }

    fn retry_after(&self) -> Option<Duration> {
        Some(Duration::from_secs(self.0))
    }
}

#[handler(retry(attempts = 3, backoff = "fixed", delay = "2s"))]
async fn throttled(order: &Order) -> Result<(), Wait> {
    Err(Wait(order.number))
}

#[tokio::test(start_paused = true)]
async fn an_error_says_how_long_to_wait_at_least() {
    let bus = bus().0.handler::<throttled>().start().unwrap();
    for (said, waited) in [(60, 2 * 60), (1, 2 * 2)] {
        let began = Instant::now();
        assert!(!bus.emit(order(said)).await.is_ok());
        assert_eq!(began.elapsed().as_secs(), waited);
    }
}

#[handler(retry(attempts = 100, backoff = "fixed", delay = "4s", deadline = "10s"))]
async fn in_ten_seconds(order: &Order, calls: State<AtomicUsize>) -> Result<(), Wait> {
    calls.fetch_add(1, Ordering::Relaxed);
    Err(Wait(order.number))
}

#[tokio::test(start_paused = true)]
async fn no_attempt_starts_after_the_deadline_nor_is_it_waited_for() {
    let calls = Arc::new(AtomicUsize::new(0));
    let bus = bus().0.shared_state(calls.clone()).handler::<in_ten_seconds>().start().unwrap();
    for (said, number, waited) in [(0, 3, 8), (60, 1, 0)] {
        let began = Instant::now();
        assert!(!bus.emit(order(said)).await.is_ok());
        assert_eq!((calls.swap(0, Ordering::Relaxed), began.elapsed().as_secs()), (number, waited));
    }
}

#[handler(timeout = "2s")]
async fn slow(order: &Order, log: State<Log>) {
    sleep(Duration::from_secs(order.number)).await;
    log.add(format!("{}", order.number));
}

#[handler(timeout = "2s", retry(attempts = 2, delay = "1s"))]
async fn slow_at_first(_: &Sent, calls: State<AtomicUsize>) -> Result<(), String> {
    if calls.fetch_add(1, Ordering::Relaxed) == 0 {
        sleep(Duration::from_secs(60)).await;
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_takes_too_long_is_cut_off() {
    let (builder, log) = bus();
    let bus = builder.handler::<slow>().start().unwrap();
    bus.emit(order(1)).await.into_result().unwrap();
    let began = Instant::now();
    let receipt = bus.emit(order(60)).await;
    assert_eq!(began.elapsed().as_secs(), 2);
    let kind = receipt.failures()[0].error.downcast_ref::<FailureKind>().unwrap();
    assert!(matches!(kind, FailureKind::TimedOut { after } if after.as_secs() == 2));
    assert_eq!(kind.to_string(), "took longer than 2s");
    assert_eq!(log.take(), ["1"]);
}

#[tokio::test(start_paused = true)]
async fn each_attempt_has_its_own_time() {
    let bus = bus().0.state(AtomicUsize::new(0)).handler::<slow_at_first>().start().unwrap();
    let began = Instant::now();
    bus.emit(Sent {}).await.into_result().unwrap();
    assert_eq!(began.elapsed().as_secs(), 2 + 1);
}

#[event(type = "options.needed", must_handle)]
struct Needed {}

fn panics(_: &Needed) -> bool {
    panic!("in the condition")
}

fn never(_: &Needed) -> bool {
    false
}

#[handler(when = panics, timeout = "1s")]
async fn guarded(_: &Needed) {}

#[handler(when = never)]
async fn declines(_: &Needed) {}

#[tokio::test(start_paused = true)]
async fn a_panic_of_a_condition_is_a_failure_of_its_handler() {
    let bus = bus().0.handler::<guarded>().start().unwrap();
    let receipt = bus.emit(Needed {}).await;
    assert_eq!(receipt.failures()[0].error.to_string(), "panicked: in the condition");
    bus.post(Needed {}).await.unwrap();
    bus.idle().await;
    assert_eq!(bus.dead_letters().len().await.unwrap(), 2);
}

#[tokio::test]
async fn what_must_be_handled_and_is_declined_is_an_error() {
    let bus = bus().0.handler::<declines>().start().unwrap();
    let receipt = bus.emit(Needed {}).await;
    assert_eq!(receipt.refusal(), Some(&Refusal::Unhandled));
    assert_eq!(bus.dead_letters().len().await.unwrap(), 1);
}

/// Takes an event until it has failed once.
static IS_OPEN: AtomicBool = AtomicBool::new(true);

fn is_open(_: &Sent) -> bool {
    IS_OPEN.load(Ordering::Relaxed)
}

#[handler(when = is_open, retry(attempts = 2, delay = "1s"))]
async fn flaky(_: &Sent) -> Result<(), &'static str> {
    IS_OPEN.store(false, Ordering::Relaxed);
    Err("failed")
}

#[handler(retry(attempts = 3, delay = "1s"))]
async fn panics_later(_: &Order, calls: State<AtomicUsize>) -> Result<(), &'static str> {
    assert_eq!(calls.fetch_add(1, Ordering::Relaxed), 0, "later");
    Err("at first")
}

#[tokio::test(start_paused = true)]
async fn no_failure_is_forgotten_at_a_later_attempt() {
    let calls = AtomicUsize::new(0);
    let bus = bus().0.state(calls).handler::<flaky>().handler::<panics_later>().start().unwrap();
    assert!(!bus.emit(Sent {}).await.is_ok());
    assert_eq!(bus.dead_letters().discard_all().await.unwrap()[0].attempts().len(), 2);
    // Its condition does not hold any more.
    assert!(bus.emit(Sent {}).await.is_unhandled());
    assert!(!bus.emit(order(1)).await.is_ok());
    let letter = bus.dead_letters().list().await.unwrap().remove(0);
    let errors: Vec<_> = letter.attempts().iter().map(|attempt| attempt.error().to_string()).collect();
    assert_eq!(errors[0], "at first");
    assert!(errors[1].starts_with("panicked: ") && errors.len() == 2, "{errors:?}");
}

/// How many calls run now, and how many ran at once at most.
#[derive(Default)]
struct Load(AtomicUsize, AtomicUsize);

#[handler(concurrency = 2)]
async fn limited(order: &Order, load: State<Load>, log: State<Log>) {
    let now = load.0.fetch_add(1, Ordering::Relaxed) + 1;
    load.1.fetch_max(now, Ordering::Relaxed);
    log.add(format!("{}", order.number));
    sleep(Duration::from_secs(1)).await;
    load.0.fetch_sub(1, Ordering::Relaxed);
}

#[tokio::test(start_paused = true)]
async fn no_more_calls_than_allowed_run_at_once_and_the_others_wait_in_order() {
    let (builder, log) = bus();
    let load = Arc::new(Load::default());
    let bus = builder.shared_state(load.clone()).handler::<limited>().start().unwrap();
    let began = Instant::now();
    let receipts = bus.emit_all((0..5).map(order)).await;
    assert!(receipts.iter().all(Receipt::is_ok));
    assert_eq!((load.1.load(Ordering::Relaxed), began.elapsed().as_secs()), (2, 3));
    assert_eq!(log.take(), ["0", "1", "2", "3", "4"]);
}

fn is_even(order: &Order) -> bool {
    order.number.is_multiple_of(2)
}

#[handler(when = is_even)]
fn even(order: &Order, log: State<Log>) {
    log.add(format!("even {}", order.number));
}

#[handler(when = is_even, retry, timeout = "1s", concurrency = 1)]
async fn even_with_all(order: &Order, log: State<Log>) -> Result<(), String> {
    log.add(format!("all {}", order.number));
    Ok(())
}

#[handler(when = is_even, detached)]
async fn even_detached(order: &Order, log: State<Log>) {
    log.add(format!("detached {}", order.number));
}

#[tokio::test(start_paused = true)]
async fn what_a_predicate_keeps_out_was_not_delivered() {
    let (builder, log) = bus();
    let builder = builder.handler::<even>().handler::<even_with_all>().handler::<even_detached>();
    let bus = builder.start().unwrap();
    let odd = bus.emit(order(1)).await;
    assert!(odd.is_ok() && odd.is_unhandled());
    assert_eq!(odd.deliveries().count(), 0);
    let receipt = bus.emit(order(2)).await;
    assert_eq!((receipt.is_unhandled(), receipt.deliveries().count()), (false, 3));
    bus.idle().await;
    let mut lines = log.take();
    lines.sort_unstable();
    assert_eq!(lines, ["all 2", "detached 2", "even 2"]);
}

#[handler(pattern = "options.order.*")]
fn parts(event: &AnyEvent, log: State<Log>) {
    log.add(format!("part: {}", event.event_type()));
}

#[handler(pattern = "options.**")]
async fn all(event: &AnyEvent, log: State<Log>) {
    log.add(format!("all: {}", event.event_type()));
}

fn raw(event_type: &str) -> AnyEvent {
    RawEvent::new(event_type, *b"{}", None, None, None).into()
}

#[tokio::test]
async fn a_pattern_selects_events_of_known_and_of_unknown_types() {
    let (builder, log) = bus();
    let bus = builder.event::<Order>().event::<Line>().handler::<parts>().handler::<all>().start().unwrap();
    assert_eq!(bus.emit(order(1)).await.deliveries().count(), 1);
    assert_eq!(log.take(), ["all: options.order"]);
    assert!(!bus.emit(Line {}).await.is_unhandled());
    assert_eq!(log.take(), ["part: options.order.line", "all: options.order.line"]);
    // One that the bus does not know though the program does, and two that nobody knows.
    assert_eq!(bus.emit(Sent {}).await.deliveries().count(), 1);
    assert_eq!(bus.emit_any(&raw("options.order.new")).await.deliveries().count(), 2);
    let stranger = bus.emit_any(&raw("other.order")).await;
    assert!(stranger.is_unhandled() && stranger.deliveries().count() == 0);
    assert_eq!(log.take(), ["all: options.sent", "part: options.order.new", "all: options.order.new"]);
}
