//! Options of handlers as constants of the program, and as the program sets them when a bus starts.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use atoms::prelude::*;
use atoms::{AnyEvent, Backoff, BusBuilder, FailureKind, Handler, HandlerOptions, StartProblem};
use tokio::time::{Instant, sleep, timeout};

use crate::{Log, bus};

#[event(type = "configured.order")]
struct Order {
    millis: u64,
}

#[event(type = "configured.needed", must_handle)]
struct Needed {}

#[request(type = "configured.quote", reply = u64)]
struct Quote {}

mod limits {
    use super::Duration;

    pub(super) const ORDER: i32 = -7;
    pub(super) const TIMEOUT: Duration = Duration::from_millis(1_500);
    pub(super) const ATTEMPTS: u32 = 4;
    pub(super) const CALLS: usize = 2;
    pub(super) const PATTERN: &str = "configured.*";
    pub(super) const ID: &str = "configured.constant";
    pub(super) const WAS: &str = "configured.before";

    pub(super) const fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }
}

#[handler(
    order = limits::ORDER, timeout = limits::TIMEOUT, concurrency = limits::CALLS, pattern = limits::PATTERN,
    id = limits::ID, was = [limits::WAS, "configured.literal"],
    retry(
        attempts = limits::ATTEMPTS, delay = limits::seconds(1), max_delay = limits::seconds(2),
        deadline = Duration::from_secs(60)
    )
)]
async fn constant(_: &AnyEvent) -> Result<(), String> {
    Ok(())
}

const LONG: Duration = Duration::from_secs(60);

#[handler(retry(backoff = "fixed", delay = LONG))]
fn fixed(_: &Order) -> Result<(), String> {
    Ok(())
}

#[test]
fn constants_stand_where_literals_do() {
    let info = <constant as Handler>::info();
    assert_eq!((info.order(), info.timeout(), info.concurrency()), (-7, Some(limits::TIMEOUT), Some(2)));
    assert_eq!((info.pattern(), info.id()), (Some("configured.*"), "configured.constant"));
    assert_eq!(info.was(), ["configured.before", "configured.literal"]);
    let retry = info.retry().unwrap();
    assert_eq!((retry.attempts(), retry.delay()), (4, Duration::from_secs(1)));
    assert_eq!(
        (retry.max_delay(), retry.deadline()),
        (Duration::from_secs(2), Some(Duration::from_secs(60)))
    );
    let retry = <fixed as Handler>::info().retry().unwrap();
    assert_eq!((retry.delay(), retry.max_delay()), (LONG, LONG));
}

#[handler(retry(attempts = 2, delay = "1s"), timeout = "2s")]
async fn pay(order: &Order, calls: State<AtomicUsize>) -> Result<(), String> {
    calls.fetch_add(1, Ordering::Relaxed);
    sleep(Duration::from_millis(order.millis)).await;
    Err("no money".into())
}

#[handler]
async fn plain(order: &Order, calls: State<AtomicUsize>) {
    calls.fetch_add(1, Ordering::Relaxed);
    sleep(Duration::from_millis(order.millis)).await;
}

fn counting() -> (BusBuilder, Arc<AtomicUsize>) {
    let calls = Arc::new(AtomicUsize::new(0));
    (bus().0.shared_state(Arc::clone(&calls)), calls)
}

/// How often the handler was called, how many milliseconds that took, and whether it then took too long.
async fn emitted(bus: &Bus, calls: &AtomicUsize, millis: u64) -> (usize, u128, bool) {
    let began = Instant::now();
    calls.store(0, Ordering::Relaxed);
    let receipt = bus.emit(Order { millis }).await;
    let is_late = receipt.deliveries().any(|(_, it)| matches!(it, Err(FailureKind::TimedOut { .. })));
    (calls.load(Ordering::Relaxed), began.elapsed().as_millis(), is_late)
}

#[tokio::test(start_paused = true)]
async fn what_is_configured_replaces_what_the_attribute_says_and_the_rest_stays() {
    let (builder, calls) = counting();
    let bus = builder.handler::<pay>().start().unwrap();
    assert_eq!(emitted(&bus, &calls, 10).await, (2, 1_020, false));
    assert_eq!(emitted(&bus, &calls, 9_000).await, (2, 5_000, true));

    let configure = |change: fn(HandlerOptions) -> HandlerOptions| {
        let (builder, calls) = counting();
        (builder.handler::<pay>().configure::<pay>(change).start().unwrap(), calls)
    };
    let (bus, calls) = configure(|options| options.timeout(Duration::from_millis(500)));
    assert_eq!(emitted(&bus, &calls, 9_000).await, (2, 2_000, true));
    let (bus, calls) = configure(|options| options.attempts(3).backoff(Backoff::Fixed).without_timeout());
    assert_eq!(emitted(&bus, &calls, 9_000).await, (3, 29_000, false));
    let (bus, calls) = configure(|options| options.attempts(9).deadline(Duration::from_secs(4)));
    assert_eq!(emitted(&bus, &calls, 0).await, (3, 3_000, false));
    let (bus, calls) = configure(|options| options.attempts(4).max_delay(Duration::from_secs(1)));
    assert_eq!(emitted(&bus, &calls, 0).await, (4, 3_000, false));
    let once = [|options: HandlerOptions| options.attempts(1), HandlerOptions::without_retry];
    for once in once {
        let (bus, calls) = configure(once);
        assert_eq!(emitted(&bus, &calls, 10).await, (1, 10, false));
    }
}

#[handler(retry(attempts = 2, delay = "1s", deadline = Duration::MAX))]
async fn patient(order: &Order, calls: State<AtomicUsize>) -> Result<(), String> {
    calls.fetch_add(1, Ordering::Relaxed);
    Err(format!("no {}", order.millis))
}

#[tokio::test(start_paused = true)]
async fn the_longest_times_are_no_limit() {
    let (builder, calls) = counting();
    let bus = builder.handler::<patient>().start().unwrap();
    assert_eq!(emitted(&bus, &calls, 0).await, (2, 1_000, false));

    let longest: [fn(HandlerOptions) -> HandlerOptions; 2] = [
        |options| options.delay(Duration::MAX).backoff(Backoff::Fixed).jitter(true),
        |options| options.delay(Duration::MAX).max_delay(Duration::MAX).jitter(true),
    ];
    for longest in longest {
        let (builder, calls) = counting();
        let bus = builder.handler::<pay>().configure::<pay>(longest).start().unwrap();
        // What it adds at random differs, and may be next to nothing.
        for _ in 0..20 {
            let emitted = emitted(&bus, &calls, 0);
            assert!(timeout(LONG, emitted).await.is_err(), "its second attempt is far away");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_handler_without_options_may_have_all_of_them() {
    let (builder, calls) = counting();
    let builder = builder.handler::<plain>().configure::<plain>(|options| options.timeout(LONG));
    // What was configured before stays.
    let delay = Duration::from_millis(5);
    let builder = builder.configure::<plain>(|options| options.attempts(2).delay(delay).concurrency(1));
    let bus = builder.start().unwrap();
    assert_eq!(emitted(&bus, &calls, 90_000).await, (2, 120_005, true));
    let began = Instant::now();
    let (_one, _other) = tokio::join!(bus.emit(Order { millis: 1_000 }), bus.emit(Order { millis: 1_000 }));
    assert_eq!(began.elapsed().as_secs(), 2);
}

static ASKED: AtomicUsize = AtomicUsize::new(0);

/// Lets in what is asked about for the first time.
fn first(_: &Order) -> bool {
    ASKED.fetch_add(1, Ordering::Relaxed) == 0
}

#[handler(when = first)]
fn conditional(_: &Order) -> Result<(), String> {
    Err("no".into())
}

#[tokio::test(start_paused = true)]
async fn a_condition_is_asked_once_for_all_attempts_that_are_configured() {
    let builder = bus().0.handler::<conditional>().configure::<conditional>(|options| options.attempts(3));
    let bus = builder.start().unwrap();
    assert!(!bus.emit(Order { millis: 0 }).await.is_ok());
    assert_eq!(ASKED.load(Ordering::Relaxed), 1);
    assert_eq!(bus.dead_letters().list().await.unwrap()[0].attempts().len(), 3);
}

#[handler]
fn sync(_: &Order) {}

#[test]
fn options_that_do_not_fit_do_not_start() {
    let problem = |builder: BusBuilder| {
        let error = builder.start().unwrap_err();
        let [StartProblem::Options { problem, .. }] = error.problems() else { panic!("{error}") };
        (*problem).to_owned()
    };
    let of_pay = |change: fn(HandlerOptions) -> HandlerOptions| {
        problem(counting().0.handler::<pay>().configure::<pay>(change))
    };
    assert_eq!(of_pay(|options| options.timeout(Duration::ZERO)), "`timeout` cannot be zero");
    assert_eq!(of_pay(|options| options.deadline(Duration::ZERO)), "`deadline` cannot be zero");
    assert!(of_pay(|options| options.concurrency(0)).starts_with("`concurrency` is at least 1"));
    assert!(of_pay(|options| options.attempts(0)).starts_with("`attempts` is at least 1"));
    assert_eq!(of_pay(|options| options.delay(LONG)), "`delay` is above `max_delay`");
    let sync = |change: fn(HandlerOptions) -> HandlerOptions| {
        problem(bus().0.handler::<sync>().configure::<sync>(change))
    };
    assert!(sync(|options| options.timeout(LONG)).contains("needs an `async` function"));
    assert!(sync(|options| options.attempts(2)).contains("no failure after which to try again"));

    let builder = bus().0.configure::<sync>(|options| options.concurrency(1));
    let error = builder.start().unwrap_err();
    assert!(matches!(error.problems(), [StartProblem::NotOnBus { .. }]), "{error}");
    let builder = bus().0.handler::<sync>().configure::<sync>(|options| options.concurrency(0));
    builder.without::<sync>().start().unwrap();
}

#[handler]
fn needs(_: &Order) -> Needed {
    Needed {}
}

#[handler]
fn needed(_: &Needed, log: State<Log>) {
    log.add("needed");
}

#[handler]
fn quote(_: &Quote) -> u64 {
    7
}

#[tokio::test]
async fn a_handler_that_is_left_out_is_not_there() {
    let (builder, log) = bus();
    let all = builder.handler::<needs>().handler::<needed>().handler::<quote>();
    let bus_without = all.without::<needs>().without::<quote>().start().unwrap();
    assert_eq!(bus_without.registry().handlers().len(), 1);
    assert!(bus_without.emit(Order { millis: 0 }).await.is_unhandled());
    assert!(bus_without.request(Quote {}).await.is_err());
    assert!(log.take().is_empty());

    let error = bus().0.handler::<needs>().handler::<needed>().without::<needed>().start().unwrap_err();
    assert!(matches!(error.problems(), [StartProblem::Unhandled { .. }]), "{error}");
}
