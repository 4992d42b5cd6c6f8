//! What stands around the delivery to a handler.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use atoms::prelude::*;
use atoms::{
    Around, Delivery, ExtractError, FailureKind, FromDelivery, HandlerInfo, Layer, Next, NotDone, Outcome,
    PrepareError, StartContext, SyncLayer, SyncNext, Veto,
};
use tokio::sync::Semaphore;

use crate::{Log, SOON, bus};

#[event(type = "layers.order")]
struct Order {
    number: u32,
}

#[event(type = "layers.paid")]
struct Paid {}

#[handler]
fn count(order: &Order, log: State<Log>) {
    log.add(format!("count {}", order.number));
}

#[handler]
async fn pay(order: &Order, log: State<Log>) -> Paid {
    log.add(format!("pay {}", order.number));
    Paid {}
}

#[handler]
fn thank(_: &Paid, log: State<Log>) {
    log.add("thank");
}

#[handler]
fn fail(_: &Order, out: Emitter<Paid>) -> Result<(), String> {
    drop(out.emit(Paid {}));
    Err("broken".into())
}

fn order(number: u32) -> Order {
    Order { number }
}

fn name(handler: &HandlerInfo) -> &'static str {
    handler.path().rsplit("::").next().unwrap()
}

fn kind(receipt: &Receipt) -> String {
    receipt.failures()[0].error.to_string()
}

/// Keeps all events from the handlers of this name.
struct Forbid(&'static str);

impl Layer for Forbid {
    async fn deliver(&self, _: &Delivery<'_>, next: &mut Next<'_>) -> Outcome {
        tokio::task::yield_now().await;
        let _ = next;
        Err(Veto::new("not allowed").into())
    }

    fn covers(&self, handler: &HandlerInfo) -> bool {
        name(handler) == self.0
    }
}

#[tokio::test]
async fn a_layer_keeps_an_event_from_a_handler_and_from_no_other() {
    for forbidden in ["count", "pay"] {
        let (builder, log) = bus();
        let builder = builder.handler::<count>().handler::<pay>().handler::<thank>();
        let bus = builder.layer(Forbid(forbidden)).start().unwrap();
        let receipt = bus.emit(order(1)).await;
        let failures = receipt.failures();
        assert_eq!(failures.len(), 1);
        let Some(FailureKind::Vetoed(veto)) = failures[0].error.downcast_ref() else { panic!("{receipt}") };
        assert!(veto.by().ends_with("::Forbid"), "{veto}");
        assert_eq!(veto.reason(), "not allowed");
        assert_eq!(log.take(), if forbidden == "count" { vec!["pay 1", "thank"] } else { vec!["count 1"] });
        let letters = bus.dead_letters().list().await.unwrap();
        assert_eq!(letters.len(), 1);
        assert!(letters[0].cause().to_string().contains("not allowed"));
    }
}

/// Writes down what it stands around, and what became of that.
struct Audit(&'static str, Arc<Log>, Around);

impl Audit {
    fn told(&self, delivery: &Delivery<'_>, outcome: &Outcome) {
        let outcome = outcome.as_ref().err().map_or_else(
            || "ok".into(),
            |not_done| not_done.failure().map_or_else(|| "skipped".into(), ToString::to_string),
        );
        self.1.add(format!("{} after {}: {outcome}", self.0, name(delivery.handler())));
    }
}

impl Layer for Audit {
    async fn deliver(&self, delivery: &Delivery<'_>, next: &mut Next<'_>) -> Outcome {
        self.1.add(format!("{} before {}", self.0, name(delivery.handler())));
        let outcome = next.run().await;
        self.told(delivery, &outcome);
        outcome
    }

    fn around(&self) -> Around {
        self.2
    }

    fn as_sync(&self) -> Option<&dyn SyncLayer> {
        Some(self)
    }
}

impl SyncLayer for Audit {
    fn deliver(&self, delivery: &Delivery<'_>, next: &mut SyncNext<'_>) -> Outcome {
        self.1.add(format!("{} before {}", self.0, name(delivery.handler())));
        let outcome = next.run();
        self.told(delivery, &outcome);
        outcome
    }
}

#[tokio::test]
async fn each_stands_around_those_that_were_added_after_it() {
    let (builder, log) = bus();
    let builder = builder.layer(Audit("a", log.clone(), Around::Attempt));
    let builder = builder.layer(Audit("b", log.clone(), Around::Delivery));
    let builder = builder.layer(Audit("c", log.clone(), Around::Delivery));
    let bus = builder.handler::<count>().handler::<pay>().start().unwrap();
    bus.emit(order(1)).await.into_result().unwrap();
    let around = |inner: &str, handler: &str| {
        let before = ["b", "c", "a"].map(|layer| format!("{layer} before {handler}"));
        let after = ["a", "c", "b"].map(|layer| format!("{layer} after {handler}: ok"));
        [&before[..], &[inner.to_owned()], &after].concat()
    };
    assert_eq!(log.take(), [around("count 1", "count"), around("pay 1", "pay")].concat());
}

/// Waits, and goes on.
struct Waits;

impl Layer for Waits {
    async fn deliver(&self, _: &Delivery<'_>, next: &mut Next<'_>) -> Outcome {
        tokio::task::yield_now().await;
        next.run().await
    }

    fn covers(&self, handler: &HandlerInfo) -> bool {
        name(handler) == "count"
    }
}

#[tokio::test]
async fn a_sync_handler_runs_among_the_async_ones_if_a_layer_around_it_may_wait() {
    for waits in [false, true] {
        let (builder, log) = bus();
        let builder = builder.layer(Audit("a", log.clone(), Around::Delivery)).handler::<count>();
        let builder = if waits { builder.layer(Waits) } else { builder };
        let bus = builder.start().unwrap();
        let seen = log.clone();
        let _subscription = bus.on::<Order>(move |_| seen.add("subscriber"));
        bus.emit(order(1)).await.into_result().unwrap();
        let order = if waits {
            ["subscriber", "a before count", "count 1"]
        } else {
            ["a before count", "count 1", "a after count: ok"]
        };
        assert_eq!(log.take()[..3], order);
    }
}

/// Holds deliveries while it is shut.
#[derive(Clone)]
struct Gate(Arc<Semaphore>, Arc<AtomicUsize>);

/// One delivery that is held.
struct Held<'a>(&'a AtomicUsize);

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Gate {
    fn shut() -> Self {
        Self(Arc::new(Semaphore::new(0)), Arc::default())
    }

    fn open(&self) {
        self.0.add_permits(1);
    }

    fn holds(&self) -> usize {
        self.1.load(Ordering::SeqCst)
    }
}

impl Layer for Gate {
    async fn deliver(&self, _: &Delivery<'_>, next: &mut Next<'_>) -> Outcome {
        self.1.fetch_add(1, Ordering::SeqCst);
        let held = Held(&self.1);
        drop(self.0.acquire().await.expect("nobody closes it"));
        drop(held);
        next.run().await
    }
}

#[tokio::test]
async fn what_is_held_goes_on_in_order() {
    let (builder, log) = bus();
    let gate = Gate::shut();
    let bus = builder.layer(gate.clone()).handler::<count>().handler::<pay>().start().unwrap();
    let emitting = bus.clone();
    let emits = tokio::spawn(async move { emitting.emit_all((1..=3).map(order)).await });
    while gate.holds() < 6 {
        tokio::task::yield_now().await;
    }
    assert!(log.take().is_empty());
    gate.open();
    assert!(emits.await.unwrap().iter().all(Receipt::is_ok));
    assert_eq!(gate.holds(), 0);
    let lines = log.take();
    for handler in ["count", "pay"] {
        let of_handler: Vec<_> = lines.iter().filter(|line| line.starts_with(handler)).collect();
        assert_eq!(
            of_handler,
            [1, 2, 3].map(|number| format!("{handler} {number}")).iter().collect::<Vec<_>>()
        );
    }
}

#[tokio::test]
async fn what_is_dropped_while_it_is_held_reaches_nobody() {
    let (builder, log) = bus();
    let gate = Gate::shut();
    let bus = builder.layer(gate.clone()).handler::<count>().handler::<pay>().start().unwrap();
    let emitting = bus.clone();
    let emit = tokio::spawn(async move { emitting.emit(order(1)).await });
    while gate.holds() < 2 {
        tokio::task::yield_now().await;
    }
    emit.abort();
    assert!(emit.await.unwrap_err().is_cancelled());
    assert_eq!(gate.holds(), 0);
    gate.open();
    bus.emit(order(2)).await.into_result().unwrap();
    assert_eq!(log.take(), ["count 2", "pay 2"]);
    bus.shutdown(SOON).await.unwrap();
}

#[tokio::test]
async fn a_shutdown_waits_for_what_is_held_and_names_it() {
    let (builder, log) = bus();
    let gate = Gate::shut();
    let bus = builder.layer(gate.clone()).handler::<count>().start().unwrap();
    let emitting = bus.clone();
    let emit = tokio::spawn(async move { emitting.emit(order(1)).await });
    while gate.holds() < 1 {
        tokio::task::yield_now().await;
    }
    let error = bus.shutdown(Duration::from_millis(10)).await.unwrap_err();
    assert!(error.to_string().contains("layers.order"), "{error}");
    gate.open();
    emit.await.unwrap().into_result().unwrap();
    assert_eq!(log.take(), ["count 1"]);
}

/// Says the opposite.
struct Opposite;

impl Layer for Opposite {
    async fn deliver(&self, _: &Delivery<'_>, next: &mut Next<'_>) -> Outcome {
        match next.run().await {
            Ok(()) => Err(FailureKind::Error("too good".into()).into()),
            Err(not_done) => {
                assert_eq!(not_done.failure().unwrap().to_string(), "broken");
                Ok(())
            }
        }
    }
}

#[tokio::test]
async fn a_layer_changes_what_becomes_of_a_delivery() {
    let (builder, log) = bus();
    let bus = builder.layer(Opposite).handler::<fail>().handler::<count>().start().unwrap();
    let receipt = bus.emit(order(1)).await;
    assert_eq!(receipt.failures().len(), 1);
    assert_eq!(kind(&receipt), "too good");
    assert_eq!(log.take(), ["count 1"]);
    assert_eq!(bus.dead_letters().len().await.unwrap(), 1);
}

#[tokio::test]
async fn what_a_failed_handler_of_a_posted_event_emitted_is_thrown_away_though_a_layer_forgives_it() {
    let (builder, log) = bus();
    let bus = builder.layer(Opposite).handler::<fail>().handler::<thank>().start().unwrap();
    bus.post(order(1)).await.unwrap();
    bus.idle().await;
    assert!(log.take().is_empty());
    assert!(bus.dead_letters().is_empty().await.unwrap());
}

/// A piece of work.
struct Run(u32);

/// The number of the work that a handler is called for.
struct RunNumber(u32);

impl FromDelivery for RunNumber {
    type Prepared = ();

    fn prepare(_: &StartContext<'_>) -> Result<(), PrepareError> {
        Ok(())
    }

    fn from_delivery((): &(), delivery: &Delivery<'_>) -> Result<Self, ExtractError> {
        let run: &Run = delivery.extension().ok_or_else(|| ExtractError::missing("there is no run"))?;
        Ok(Self(run.0))
    }
}

#[handler]
fn sync_work(_: &Order, run: RunNumber, log: State<Log>) {
    log.add(format!("sync_work in {}", run.0));
}

#[handler(retry(attempts = 2, delay = "1ms"))]
async fn async_work(_: &Order, run: RunNumber, log: State<Log>, out: Emitter<Paid>) -> Result<(), String> {
    log.add(format!("async_work in {}", run.0));
    out.emit(Paid {}).await;
    Ok(())
}

#[handler]
fn optional(_: &Paid, run: Option<RunNumber>, log: State<Log>) {
    log.add(format!("optional in {:?}", run.map(|run| run.0)));
}

/// Lays a run around all but the handlers of this name.
struct Runs(u32, &'static str);

impl Layer for Runs {
    async fn deliver(&self, _: &Delivery<'_>, next: &mut Next<'_>) -> Outcome {
        next.run_with(&Run(self.0)).await
    }

    fn covers(&self, handler: &HandlerInfo) -> bool {
        name(handler) != self.1
    }

    fn as_sync(&self) -> Option<&dyn SyncLayer> {
        Some(self)
    }
}

impl SyncLayer for Runs {
    fn deliver(&self, _: &Delivery<'_>, next: &mut SyncNext<'_>) -> Outcome {
        next.run_with(&Run(self.0))
    }
}

#[tokio::test]
async fn a_handler_finds_what_the_innermost_layer_lays_around_its_delivery() {
    let (builder, log) = bus();
    let builder = builder.layer(Runs(1, "optional")).layer(Runs(2, "optional"));
    let builder = builder.handler::<sync_work>().handler::<async_work>().handler::<optional>();
    let bus = builder.start().unwrap();
    bus.emit(order(1)).await.into_result().unwrap();
    assert_eq!(log.take(), ["sync_work in 2", "async_work in 2", "optional in None"]);
    bus.post(order(2)).await.unwrap();
    bus.idle().await;
    assert_eq!(log.take().len(), 3);
}

#[tokio::test]
async fn a_handler_that_needs_what_no_layer_lays_around_it_fails() {
    let (builder, log) = bus();
    let bus = builder.layer(Runs(1, "sync_work")).handler::<sync_work>().start().unwrap();
    assert_eq!(kind(&bus.emit(order(1)).await), "cannot extract a parameter: there is no run");
    assert!(log.take().is_empty());
}

#[handler(retry(attempts = 3, delay = "1ms"), concurrency = 1, timeout = "1s")]
async fn try_thrice(_: &Order, log: State<Log>) -> Result<(), String> {
    log.add("try");
    Err("broken".into())
}

#[handler(retry(attempts = 2, delay = "1ms"))]
fn try_twice(_: &Order, log: State<Log>) -> Result<(), String> {
    log.add("try");
    Err("broken".into())
}

#[tokio::test]
async fn the_options_are_between_the_layers_around_the_delivery_and_those_around_each_attempt() {
    for (attempts, path) in [(3, "try_thrice"), (2, "try_twice")] {
        let (builder, log) = bus();
        let builder = builder.layer(Audit("attempt", log.clone(), Around::Attempt));
        let builder = builder.layer(Audit("delivery", log.clone(), Around::Delivery));
        let builder =
            if attempts == 3 { builder.handler::<try_thrice>() } else { builder.handler::<try_twice>() };
        let bus = builder.start().unwrap();
        assert!(!bus.emit(order(1)).await.is_ok());
        let attempt =
            [format!("attempt before {path}"), "try".into(), format!("attempt after {path}: broken")];
        let mut lines = vec![format!("delivery before {path}")];
        (0..attempts).for_each(|_| lines.extend_from_slice(&attempt));
        lines.push(format!("delivery after {path}: broken"));
        assert_eq!(log.take(), lines);
        assert_eq!(bus.dead_letters().list().await.unwrap()[0].attempts().len(), attempts);
    }
}

/// Takes its time.
struct Slow(Around);

impl Layer for Slow {
    async fn deliver(&self, _: &Delivery<'_>, next: &mut Next<'_>) -> Outcome {
        tokio::time::sleep(Duration::from_secs(2)).await;
        next.run().await
    }

    fn around(&self) -> Around {
        self.0
    }
}

#[handler(timeout = "1s")]
async fn in_time(_: &Order, log: State<Log>) {
    log.add("in time");
}

#[tokio::test(start_paused = true)]
async fn a_timeout_counts_the_time_of_the_layers_inside_of_it() {
    for (around, in_time) in [(Around::Delivery, true), (Around::Attempt, false)] {
        let (builder, log) = bus();
        let bus = builder.layer(Slow(around)).handler::<self::in_time>().start().unwrap();
        assert_eq!(bus.emit(order(1)).await.is_ok(), in_time);
        assert_eq!(log.take().len(), usize::from(in_time));
    }
}

/// Panics before the handler is called, or after.
struct Panics(bool);

impl Layer for Panics {
    async fn deliver(&self, _: &Delivery<'_>, next: &mut Next<'_>) -> Outcome {
        assert!(!self.0, "before");
        next.run().await?;
        panic!("after")
    }

    fn as_sync(&self) -> Option<&dyn SyncLayer> {
        Some(self)
    }
}

impl SyncLayer for Panics {
    fn deliver(&self, _: &Delivery<'_>, next: &mut SyncNext<'_>) -> Outcome {
        assert!(!self.0, "before");
        next.run()?;
        panic!("after")
    }
}

#[tokio::test]
async fn a_panic_of_a_layer_is_a_veto_which_a_layer_outside_sees() {
    for (before, text) in [(true, "before"), (false, "after")] {
        let (builder, log) = bus();
        let builder = builder.layer(Audit("a", log.clone(), Around::Delivery)).layer(Panics(before));
        let bus = builder.handler::<count>().handler::<pay>().start().unwrap();
        let receipt = bus.emit(order(1)).await;
        assert_eq!(receipt.failures().len(), 2);
        for failure in receipt.failures() {
            let Some(FailureKind::Vetoed(veto)) = failure.error.downcast_ref() else { panic!("{receipt}") };
            assert!(veto.by().ends_with("::Panics"));
            assert_eq!(veto.reason(), format!("it panicked: {text}"));
        }
        let lines = log.take();
        assert!(lines.iter().any(|line| line.starts_with("a after count: vetoed by")), "{lines:?}");
        assert_eq!(lines.iter().any(|line| line == "pay 1"), !before);
    }
}

#[handler]
async fn panics(_: &Order) {
    panic!("broken")
}

#[handler(when = is_large)]
async fn only_large(_: &Order) {}

fn is_large(order: &Order) -> bool {
    order.number > 10
}

#[tokio::test]
async fn a_layer_sees_a_panic_of_the_handler_and_not_what_the_handler_does_not_take() {
    let (builder, log) = bus();
    let builder = builder.layer(Audit("a", log.clone(), Around::Delivery));
    let bus = builder.handler::<panics>().handler::<only_large>().start().unwrap();
    let receipt = bus.emit(order(1)).await;
    assert!(matches!(receipt.failures()[0].error.downcast_ref(), Some(FailureKind::Panic(_))));
    assert_eq!(log.take(), ["a before panics", "a after panics: panicked: broken"]);
}

/// Calls the handler again until it succeeds.
struct Persistent;

impl Layer for Persistent {
    async fn deliver(&self, _: &Delivery<'_>, next: &mut Next<'_>) -> Outcome {
        loop {
            match next.run().await {
                Err(not_done) if matches!(*not_done, NotDone::Failed { .. }) => {}
                done => return done,
            }
        }
    }
}

#[handler]
async fn third_time(_: &Order, tries: State<AtomicUsize>) -> Result<Paid, String> {
    if tries.fetch_add(1, Ordering::SeqCst) < 2 { Err("not yet".into()) } else { Ok(Paid {}) }
}

#[tokio::test]
async fn a_layer_may_call_the_handler_again() {
    let (builder, log) = bus();
    let builder = builder.state(AtomicUsize::new(0)).layer(Persistent);
    let bus = builder.handler::<third_time>().handler::<thank>().start().unwrap();
    bus.emit(order(1)).await.into_result().unwrap();
    assert_eq!(log.take(), ["thank"]);
}

#[handler(detached)]
async fn beside(_: &Order, run: RunNumber, log: State<Log>) {
    log.add(format!("beside in {}", run.0));
}

#[tokio::test]
async fn the_layers_of_a_detached_handler_run_beside_the_emit() {
    let (builder, log) = bus();
    let gate = Gate::shut();
    let bus = builder.layer(Runs(1, "")).layer(gate.clone()).handler::<beside>().start().unwrap();
    bus.emit(order(1)).await.into_result().unwrap();
    assert!(log.take().is_empty());
    gate.open();
    bus.idle().await;
    assert_eq!(log.take(), ["beside in 1"]);
}

/// Refuses while it is shut.
struct Door(Arc<AtomicBool>);

impl Layer for Door {
    async fn deliver(&self, _: &Delivery<'_>, next: &mut Next<'_>) -> Outcome {
        if self.0.load(Ordering::SeqCst) { next.run().await } else { Err(Veto::new("shut").into()) }
    }
}

#[tokio::test]
async fn a_delivery_that_was_refused_passes_the_layers_again_when_it_is_redelivered() {
    let (builder, log) = bus();
    let is_open = Arc::new(AtomicBool::new(false));
    let bus = builder.layer(Door(is_open.clone())).handler::<count>().start().unwrap();
    assert!(!bus.emit(order(1)).await.is_ok());
    let id = bus.dead_letters().list().await.unwrap()[0].id();
    assert!(!bus.dead_letters().redeliver(id).await.unwrap().is_ok());
    is_open.store(true, Ordering::SeqCst);
    bus.dead_letters().redeliver(id).await.unwrap().into_result().unwrap();
    assert_eq!(log.take(), ["count 1"]);
    assert!(bus.dead_letters().is_empty().await.unwrap());
}

/// Counts how often it is asked for handlers.
struct Asked(Arc<AtomicUsize>);

impl Layer for Asked {
    async fn deliver(&self, _: &Delivery<'_>, next: &mut Next<'_>) -> Outcome {
        next.run().await
    }

    fn covers(&self, _: &HandlerInfo) -> bool {
        self.0.fetch_add(1, Ordering::Relaxed);
        true
    }
}

#[test]
fn a_layer_is_asked_once_for_each_handler() {
    let asked = Arc::new(AtomicUsize::new(0));
    let builder = bus().0.handler::<count>().handler::<pay>().handler::<thank>();
    let _bus = builder.layer(Asked(Arc::clone(&asked))).start().unwrap();
    assert_eq!(asked.load(Ordering::Relaxed), 3);
}
