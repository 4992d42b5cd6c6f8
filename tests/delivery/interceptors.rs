//! What stands around each emit and each delivery.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use atoms::prelude::*;
use atoms::{AnyEvent, Delivery, FailureKind, Interceptor, Metadata, PostRefusal, Refusal, Veto};

use crate::{Log, bus};

#[event(type = "interceptors.order")]
struct Order {}

#[event(type = "interceptors.paid")]
struct Paid {}

#[handler]
fn pay(_: &Order, log: State<Log>) -> Paid {
    log.add("pay");
    Paid {}
}

#[handler]
async fn thank(_: &Paid, context: Context, log: State<Log>) {
    log.add(format!("thank for {}", context.metadata().get("tenant").unwrap()));
}

#[handler]
fn fail(_: &Order) -> Result<(), String> {
    panic!("broken")
}

/// Writes down all that it sees, under its name.
struct Audit(&'static str, Arc<Log>);

impl Interceptor for Audit {
    fn before_emit(&self, event: &AnyEvent, _: &mut Metadata, _: Option<&AnyEvent>) -> Result<(), Veto> {
        self.1.add(format!("{} before {}", self.0, event.event_type()));
        Ok(())
    }

    fn after_emit(&self, event: &AnyEvent, receipt: &Receipt, took: Duration) {
        assert!(took < Duration::from_secs(60));
        self.1.add(format!("{} after {}: {}", self.0, event.event_type(), receipt.is_ok()));
    }

    fn before_delivery(&self, delivery: &Delivery<'_>) -> Result<(), Veto> {
        self.1.add(format!("{} before {}", self.0, name(delivery)));
        Ok(())
    }

    fn after_delivery(&self, delivery: &Delivery<'_>, outcome: Result<(), &FailureKind>, _: Duration) {
        let outcome = outcome.map_or_else(ToString::to_string, |()| "ok".into());
        self.1.add(format!("{} after {}: {outcome}", self.0, name(delivery)));
    }
}

fn name(delivery: &Delivery<'_>) -> &'static str {
    delivery.handler().path().rsplit("::").next().unwrap()
}

/// Gives every event a tenant.
struct Tenant;

impl Interceptor for Tenant {
    fn before_emit(&self, _: &AnyEvent, metadata: &mut Metadata, _: Option<&AnyEvent>) -> Result<(), Veto> {
        metadata.insert("tenant", "t-1");
        Ok(())
    }
}

/// Lets nothing with this type pass, or nothing to a handler of this name.
struct Forbid(&'static str);

impl Interceptor for Forbid {
    fn before_emit(&self, event: &AnyEvent, _: &mut Metadata, _: Option<&AnyEvent>) -> Result<(), Veto> {
        if event.event_type() == self.0 { Err(Veto::new("not allowed")) } else { Ok(()) }
    }

    fn before_delivery(&self, delivery: &Delivery<'_>) -> Result<(), Veto> {
        if name(delivery) == self.0 { Err(Veto::new("not allowed")) } else { Ok(()) }
    }
}

#[tokio::test]
async fn each_stands_around_those_that_were_added_after_it() {
    let (builder, log) = bus();
    let builder = builder.interceptor(Audit("a", log.clone())).interceptor(Tenant);
    let builder = builder.interceptor(Audit("b", log.clone()));
    let bus = builder.handler::<pay>().handler::<thank>().start().unwrap();
    bus.emit(Order {}).await.into_result().unwrap();
    let seen = [
        "a before interceptors.order",
        "b before interceptors.order",
        "a before pay",
        "b before pay",
        "pay",
        "b after pay: ok",
        "a after pay: ok",
        "a before interceptors.paid",
        "b before interceptors.paid",
        "a before thank",
        "b before thank",
        "thank for \"t-1\"",
        "b after thank: ok",
        "a after thank: ok",
        "b after interceptors.paid: true",
        "a after interceptors.paid: true",
        "b after interceptors.order: true",
        "a after interceptors.order: true",
    ];
    assert_eq!(log.take(), seen);
}

#[tokio::test]
async fn a_vetoed_event_reaches_nobody() {
    let (builder, log) = bus();
    let builder = builder.interceptor(Tenant).interceptor(Forbid("interceptors.paid"));
    let bus = builder.handler::<pay>().handler::<thank>().start().unwrap();
    let receipt = bus.emit(Order {}).await;
    assert!(matches!(receipt.follow_ups()[0].refusal(), Some(Refusal::Vetoed(_))));
    let error = receipt.into_result().unwrap_err();
    assert!(error.to_string().ends_with("::Forbid: not allowed"), "{error}");
    let receipt = bus.emit_any(&AnyEvent::from(Envelope::new(Paid {}))).await;
    let Some(Refusal::Vetoed(veto)) = receipt.refusal() else { panic!("{receipt}") };
    assert_eq!((veto.reason(), receipt.deliveries().count()), ("not allowed", 0));
    assert!(veto.by().ends_with("::Forbid"));
    let error = bus.post(Paid {}).await.unwrap_err();
    assert_eq!(error.reason(), PostRefusal::Vetoed);
    assert!(error.to_string().ends_with("::Forbid: not allowed"), "{error}");
    assert_eq!(log.take(), ["pay"]);
    assert_eq!(bus.dead_letters().len().await.unwrap(), 2);
}

#[tokio::test]
async fn a_vetoed_delivery_is_a_failure_of_that_delivery_alone() {
    for forbidden in ["pay", "thank"] {
        let (builder, log) = bus();
        let builder = builder.interceptor(Tenant).interceptor(Forbid(forbidden)).handler::<pay>();
        let bus = builder.handler::<thank>().start().unwrap();
        let receipt = bus.emit(Order {}).await;
        let failures = receipt.failures();
        assert_eq!(failures.len(), 1);
        let kind = failures[0].error.downcast_ref::<FailureKind>().unwrap();
        assert!(matches!(kind, FailureKind::Vetoed(_)), "{kind}");
        assert_eq!(log.take().len(), usize::from(forbidden == "thank"));
        assert_eq!(bus.dead_letters().len().await.unwrap(), 1);
    }
}

#[tokio::test]
async fn a_panic_of_a_handler_is_an_outcome() {
    let (builder, log) = bus();
    let bus = builder.interceptor(Audit("a", log.clone())).handler::<fail>().start().unwrap();
    assert!(!bus.emit(Order {}).await.is_ok());
    assert_eq!(log.take()[2], "a after fail: panicked: broken");
}

struct Panics;

impl Interceptor for Panics {
    fn before_emit(&self, event: &AnyEvent, _: &mut Metadata, _: Option<&AnyEvent>) -> Result<(), Veto> {
        assert_ne!(event.event_type(), "interceptors.paid");
        Ok(())
    }

    fn after_emit(&self, _: &AnyEvent, _: &Receipt, _: Duration) {
        panic!("after");
    }
}

#[tokio::test]
async fn a_panic_of_an_interceptor_is_a_veto_before_and_changes_nothing_after() {
    let (builder, log) = bus();
    let bus = builder.interceptor(Panics).handler::<pay>().start().unwrap();
    let receipt = bus.emit(Order {}).await;
    assert_eq!(log.take(), ["pay"]);
    assert!(receipt.refusal().is_none());
    assert!(matches!(receipt.follow_ups()[0].refusal(), Some(Refusal::Vetoed(_))));
}

#[tokio::test]
async fn enriched_metadata_travel_on_the_wire_and_leave_a_shared_event_as_it_was() {
    let (builder, _) = bus();
    let bus = builder.interceptor(Tenant).start().unwrap();
    let frames = Arc::new(Log::default());
    let (seen, encoder) = (frames.clone(), bus.clone());
    let _subscription =
        bus.on_any(move |event| seen.add(String::from_utf8(encoder.encode(event).unwrap()).unwrap()));
    let event = AnyEvent::from(Envelope::new(Order {}));
    bus.emit_any(&event).await.into_result().unwrap();
    assert!(frames.take()[0].contains(r#""metadata":{"tenant":"t-1"}"#));
    assert!(event.metadata().is_empty());
}

/// Lets nothing pass while it is shut: no event of this type, and none to a handler of this name.
struct Door(&'static str, Arc<AtomicBool>);

impl Door {
    fn ask(&self, name: &str) -> Result<(), Veto> {
        if name == self.0 && !self.1.load(Ordering::SeqCst) { Err(Veto::new("shut")) } else { Ok(()) }
    }
}

impl Interceptor for Door {
    fn before_emit(&self, event: &AnyEvent, _: &mut Metadata, _: Option<&AnyEvent>) -> Result<(), Veto> {
        self.ask(event.event_type())
    }

    fn before_delivery(&self, delivery: &Delivery<'_>) -> Result<(), Veto> {
        self.ask(name(delivery))
    }
}

#[tokio::test]
async fn what_refused_an_event_is_asked_again_when_it_is_redelivered() {
    for (shut, seen) in [("interceptors.order", 2), ("pay", 0)] {
        let (builder, log) = bus();
        let is_open = Arc::new(AtomicBool::new(false));
        let builder = builder.interceptor(Door(shut, is_open.clone())).interceptor(Tenant);
        let audit = Arc::new(Log::default());
        let bus = builder.interceptor(Audit("a", audit.clone())).handler::<pay>().start().unwrap();
        assert!(!bus.emit(Order {}).await.is_ok());
        let id = bus.dead_letters().list().await.unwrap()[0].id();
        audit.take();
        for _ in 0..2 {
            let receipt = bus.dead_letters().redeliver(id).await.unwrap();
            assert!(receipt.to_string().contains("shut"), "{receipt}");
            assert_eq!(bus.dead_letters().list().await.unwrap()[0].id(), id);
        }
        assert!(log.take().is_empty());
        is_open.store(true, Ordering::SeqCst);
        audit.take();
        let receipt = bus.dead_letters().redeliver(id).await.unwrap();
        receipt.into_result().unwrap();
        assert_eq!(log.take(), ["pay"]);
        assert!(bus.dead_letters().is_empty().await.unwrap());
        // The emit of what was refused as a whole is one that they see.
        let order = audit.take().into_iter().filter(|line| line.contains("interceptors.order")).count();
        assert_eq!(order, seen);
    }
}

#[tokio::test]
async fn the_end_of_a_chain_is_asked_for_when_it_is_redelivered() {
    let (builder, log) = bus();
    let is_open = Arc::new(AtomicBool::new(false));
    let builder = builder.interceptor(Door("interceptors.paid", is_open)).handler::<pay>();
    let bus = builder.hop_limit(0).start().unwrap();
    assert!(!bus.emit(Order {}).await.is_ok());
    let letter = bus.dead_letters().list().await.unwrap().remove(0);
    assert_eq!(letter.event().event_type(), "interceptors.paid");
    let receipt = bus.dead_letters().redeliver(letter.id()).await.unwrap();
    assert!(matches!(receipt.refusal(), Some(Refusal::Vetoed(_))), "{receipt}");
    assert_eq!(log.take(), ["pay"]);
}
