//! A delivery that fails, and what becomes of the others.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use atoms::prelude::*;
use atoms::{
    Delivery, ExtractError, FailureKind, FromDelivery, PrepareError, Recipient, Refusal, StartContext,
};

use crate::{Log, SOON, bus};

#[event(type = "failures.started")]
struct Started {}

#[event(type = "failures.followed")]
struct Followed {
    by: String,
}

#[event(type = "failures.promised", must_handle)]
struct Promised {}

atoms::testing::handled!(Promised);

#[derive(Debug)]
struct DiskFull(fmt::Error);

impl fmt::Display for DiskFull {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the disk is full")
    }
}

impl Error for DiskFull {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.0)
    }
}

#[handler(order = 1)]
fn fails(_: &Started, out: Emitter<Followed>) -> Result<Followed, DiskFull> {
    drop(out.emit(Followed { by: "emitted".into() }));
    Err(DiskFull(fmt::Error))
}

#[handler(order = 2)]
fn panics(_: &Started) {
    panic!("at the disco");
}

#[handler]
async fn panics_later(_: &Started) -> Vec<Followed> {
    tokio::task::yield_now().await;
    panic!("number {}", 7)
}

#[handler]
async fn panics_at_once(_: &Started) {
    std::panic::panic_any(7);
}

#[handler(order = 9)]
fn works(_: &Started, log: State<Log>) {
    log.add("works");
}

#[handler]
async fn works_later(_: &Started, log: State<Log>) -> Followed {
    tokio::task::yield_now().await;
    log.add("works later");
    Followed { by: "returned".into() }
}

#[tokio::test]
async fn a_failure_is_one_of_its_delivery_only() {
    let log = Arc::new(Log::default());
    let builder = bus().shared_state(log.clone()).handler::<fails>().handler::<panics>();
    let builder = builder.handler::<panics_later>().handler::<panics_at_once>();
    let bus = builder.handler::<works>().handler::<works_later>().start().unwrap();
    let receipt = bus.emit(Started {}).await;
    assert_eq!(log.take(), ["works", "works later"]);
    let said = |outcome: Result<(), &FailureKind>| outcome.map_or_else(ToString::to_string, |()| "".into());
    assert_eq!(
        receipt.deliveries().map(|(_, outcome)| said(outcome)).collect::<Vec<_>>(),
        ["the disk is full", "panicked: at the disco", "", "panicked: no message", "panicked: number 7", ""]
    );
    assert!(!receipt.is_ok() && !receipt.is_unhandled());
}

#[tokio::test]
async fn what_was_emitted_stands_and_what_would_be_returned_does_not() {
    let log = Arc::new(Log::default());
    let bus = bus().handler::<fails>().start().unwrap();
    let seen = log.clone();
    let _subscription = bus.on::<Followed>(move |followed| seen.add(&followed.by));
    let receipt = bus.emit(Started {}).await;
    assert_eq!(receipt.follow_ups().len(), 1);
    assert_eq!(log.take(), ["emitted"]);
}

#[tokio::test]
async fn an_error_keeps_its_causes() {
    let receipt = bus().handler::<fails>().start().unwrap().emit(Started {}).await;
    let [failure] = receipt.failures()[..] else { panic!("{receipt}") };
    assert_eq!(failure.event_type, "failures.started");
    let Some(Recipient::Handler(handler)) = failure.recipient else { panic!("{failure:?}") };
    assert_eq!(handler.path(), "bus::failures::fails");
    assert!(failure.to_string().starts_with("`failures.started` at bus::failures::fails (tests/"));
    assert!(failure.to_string().ends_with("): the disk is full"), "{failure}");
    let error = receipt.into_result().unwrap_err();
    let causes: Vec<_> = std::iter::successors(error.source(), |&cause| cause.source()).collect();
    assert!(causes.iter().any(|cause| cause.downcast_ref::<DiskFull>().is_some()), "{causes:?}");
    assert!(causes.last().unwrap().is::<fmt::Error>(), "{causes:?}");
    assert!(error.to_string().contains("the disk is full"), "{error}");
}

#[derive(Debug)]
struct Tenant;

impl FromDelivery for Tenant {
    type Prepared = ();

    fn prepare(_: &StartContext<'_>) -> Result<(), PrepareError> {
        Ok(())
    }

    fn from_delivery((): &(), delivery: &Delivery<'_>) -> Result<Self, ExtractError> {
        let tenant = delivery.metadata().get("tenant").and_then(|tenant| tenant.as_str());
        assert_ne!(tenant, Some("nobody"), "nobody is no tenant");
        tenant.map(|_| Self).ok_or_else(|| ExtractError::new("the event has no tenant"))
    }
}

#[handler]
fn for_tenant(_: &Started, _: Tenant) {}

#[handler]
async fn for_tenant_later(_: Started, _: Tenant) {}

#[tokio::test]
async fn an_extractor_may_fail_and_panic() {
    let bus = bus().handler::<for_tenant>().handler::<for_tenant_later>().start().unwrap();
    let of =
        |tenant: &str| Envelope::new(Started {}).with_metadata([("tenant", tenant)].into_iter().collect());
    bus.emit(of("acme")).await.into_result().unwrap();
    for (event, expected) in [
        (Envelope::new(Started {}), "cannot extract a parameter: the event has no tenant"),
        (of("nobody"), "nobody is no tenant"),
    ] {
        let receipt = bus.emit(event).await;
        assert_eq!(receipt.failures().len(), 2);
        for (_, outcome) in receipt.deliveries() {
            let failure = outcome.unwrap_err();
            assert!(matches!(failure, FailureKind::Extract(_) | FailureKind::Panic(_)));
            assert!(failure.to_string().contains(expected), "{failure}");
        }
    }
}

#[derive(Debug, serde::Serialize, serde::Deserialize)]
struct NeverCloned;

impl Clone for NeverCloned {
    fn clone(&self) -> Self {
        panic!("cloned")
    }
}

#[event(type = "failures.unclonable")]
struct Unclonable {
    field: NeverCloned,
}

#[handler(order = 1)]
fn by_value(_: Unclonable) {}

#[handler(order = 2)]
fn by_reference(_: &Unclonable) {}

#[handler(order = 3)]
fn shared(_: &AnyEvent) {}

#[handler]
async fn by_value_later(_: Unclonable) {}

#[tokio::test]
async fn a_clone_may_panic() {
    let builder = bus().handler::<by_value>().handler::<by_reference>().handler::<by_value_later>();
    let bus = builder.handler::<shared>().start().unwrap();
    let receipt = bus.emit(Unclonable { field: NeverCloned }).await;
    let outcomes: Vec<_> = receipt.deliveries().map(|(_, outcome)| outcome.is_ok()).collect();
    assert_eq!(outcomes, [false, true, false, false]);
}

#[tokio::test]
async fn a_subscriber_that_panics_fails_alone() {
    let log = Arc::new(Log::default());
    let bus = bus().shared_state(log.clone()).handler::<works_later>().start().unwrap();
    let _first = bus.on::<Started>(|_| panic!("in a closure"));
    let seen = log.clone();
    let _second = bus.on_any(move |event| seen.add(event.event_type()));
    let receipt = bus.emit(Started {}).await;
    assert_eq!(log.take(), ["failures.started", "works later", "atoms.delivery.failed", "failures.followed"]);
    let [failure] = receipt.failures()[..] else { panic!("{receipt}") };
    assert!(matches!(failure.recipient, Some(Recipient::Subscriber(place)) if place.file() == file!()));
    assert!(failure.to_string().contains("subscriber (tests/bus/failures.rs:"), "{failure}");
}

#[tokio::test]
async fn of_two_subscribers_from_one_place_only_one_fails() {
    let bus = bus().start().unwrap();
    let subscribe = |fails: bool| bus.on::<Started>(move |_| assert!(!fails, "the second"));
    let _subscriptions = [false, true, false].map(subscribe);
    let receipt = bus.emit(Started {}).await;
    let outcomes: Vec<_> = receipt.deliveries().map(|(_, outcome)| outcome.is_ok()).collect();
    assert_eq!(outcomes, [true, false, true]);
    assert_eq!(receipt.failures().len(), 1);
}

#[handler]
fn sees_all(_: &AnyEvent) {}

#[tokio::test]
async fn what_must_be_handled_and_is_not_is_an_error() {
    let bus = bus().handler::<sees_all>().event::<Promised>().start().unwrap();
    let receipt = bus.emit(Started {}).await;
    assert!(receipt.is_unhandled() && receipt.is_ok());
    assert_eq!(receipt.deliveries().count(), 1);
    let receipt = bus.emit(Promised {}).await;
    assert!(receipt.is_unhandled() && !receipt.is_ok());
    assert_eq!(receipt.refusal(), Some(&Refusal::Unhandled));
    let error = receipt.into_result().unwrap_err();
    assert!(error.to_string().contains("`failures.promised`: nothing on this bus handles it"), "{error}");
    let subscription = bus.on::<Promised>(|_| ());
    bus.emit(Promised {}).await.into_result().unwrap();
    drop(subscription);
    assert!(bus.receive(br#"{"type":"failures.promised"}"#).await.unwrap().into_result().is_err());
}

/// What panics once more when it is dropped.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("again");
    }
}

#[handler(order = -1)]
fn bombs(_: &Started) {
    std::panic::panic_any(Bomb);
}

#[tokio::test]
async fn a_panic_whose_payload_panics_stops_nobody_else() {
    let builder = bus().handler::<bombs>().handler::<notes>();
    let receipt = builder.start().unwrap().emit(Started {}).await;
    assert_eq!(receipt.failures().len(), 1);
    assert_eq!(receipt.deliveries().filter(|(_, outcome)| outcome.is_ok()).count(), 1);
}

#[handler]
fn notes(_: &Started) {}

#[tokio::test]
async fn what_a_closed_bus_refuses_is_unhandled() {
    let bus = bus().handler::<notes>().start().unwrap();
    bus.shutdown(SOON).await.unwrap();
    let receipt = bus.emit(Started {}).await;
    assert!(receipt.is_unhandled());
    let error = receipt.into_result().unwrap_err();
    assert_eq!(format!("{error:?}"), "`failures.started`: the bus is shut down");
}
