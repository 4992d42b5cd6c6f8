//! Handlers of a set.

use std::sync::Arc;

use atoms::prelude::*;
use atoms::{Handler, StartProblem};

use crate::{AllEvents, Cancelled, Created, Log, Noted, OrderEvent, bus, cancelled};

#[handler]
fn by_reference(event: &OrderEvent, log: State<Log>) {
    match event {
        OrderEvent::Created(created) => log.add(format!("created {}", created.number)),
        OrderEvent::Cancelled(cancelled) => log.add(format!("cancelled {}", cancelled.id())),
    }
}

#[handler]
async fn by_value(event: OrderEvent, log: State<Log>) {
    tokio::task::yield_now().await;
    log.add(format!("owned {}", AnyEvent::from(event).event_type()));
}

#[handler]
fn of_all(event: &AllEvents, log: State<Log>) {
    log.add(match event {
        AllEvents::Created(created) => format!("all: created {}", created.number),
        AllEvents::Cancelled(cancelled) => format!("all: cancelled {}", cancelled.id()),
        AllEvents::Other(other) => format!("all: {}", other.event_type()),
    });
}

#[handler]
fn of_one(_: &Created, log: State<Log>) {
    log.add("one");
}

#[tokio::test]
async fn a_set_is_handled_by_reference_and_by_value() {
    let log = Arc::new(Log::default());
    let bus = bus().shared_state(log.clone()).handler::<by_reference>().handler::<by_value>();
    let bus = bus.event::<Noted>().start().unwrap();
    let receipt = bus.emit(Created { number: 7 }).await;
    assert_eq!(receipt.deliveries().count(), 2);
    receipt.into_result().unwrap();
    bus.emit(cancelled("c-1")).await.into_result().unwrap();
    assert_eq!(log.take(), ["created 7", "owned sets.created", "cancelled c-1", "owned sets.cancelled"]);
    let receipt = bus.emit(Noted {}).await;
    assert!(receipt.is_unhandled());
    assert_eq!(receipt.deliveries().count(), 0);
}

#[tokio::test]
async fn a_set_with_other_sees_every_event_once() {
    let log = Arc::new(Log::default());
    let bus = bus().shared_state(log.clone()).handler::<of_all>().event::<Noted>().start().unwrap();
    for (receipt, unhandled) in [
        (bus.emit(Created { number: 7 }).await, false),
        (bus.emit(cancelled("c-1")).await, false),
        (bus.emit(Noted {}).await, true),
        (bus.receive(br#"{"type":"sets.unknown"}"#).await.unwrap(), true),
    ] {
        assert_eq!(receipt.deliveries().count(), 1, "{receipt}");
        assert_eq!(receipt.is_unhandled(), unhandled, "{receipt}");
        receipt.into_result().unwrap();
    }
    let expected = ["all: created 7", "all: cancelled c-1", "all: sets.noted", "all: sets.unknown"];
    assert_eq!(log.take(), expected);
}

/// The bus does not know the type of the event, which has no table of its own.
#[tokio::test]
async fn a_set_with_other_sees_events_that_its_bus_has_no_handler_of() {
    let log = Arc::new(Log::default());
    let bus = bus().shared_state(log.clone()).handler::<of_all>().start().unwrap();
    assert!(bus.emit(Noted {}).await.is_unhandled());
    assert_eq!(log.take(), ["all: sets.noted"]);
}

#[tokio::test]
async fn a_set_and_the_handlers_of_its_events_run_in_their_order() {
    #[handler(order = -1)]
    fn first(_: &AllEvents, log: State<Log>) {
        log.add("first");
    }

    let log = Arc::new(Log::default());
    let builder = bus().shared_state(log.clone()).handler::<of_one>().handler::<of_all>();
    let bus = builder.handler::<first>().start().unwrap();
    assert_eq!(bus.emit(Created { number: 1 }).await.deliveries().count(), 3);
    assert_eq!(log.take(), ["first", "all: created 1", "one"]);
}

#[handler]
fn cancel(_: &Noted) -> Cancelled {
    Cancelled {}
}

#[handler]
fn see_any(_: &AnyEvent) {}

#[test]
fn a_set_handles_what_must_be_handled() {
    let error = bus().handler::<cancel>().handler::<see_any>().start().unwrap_err();
    assert!(matches!(error.problems(), [StartProblem::Unhandled { .. }]), "{error}");
    bus().handler::<cancel>().state(Log::default()).handler::<by_reference>().start().unwrap();
    bus().handler::<cancel>().state(Log::default()).handler::<of_all>().start().unwrap();
}

#[handler]
fn when_small(event: &AllEvents) -> Result<(), &'static str> {
    match event {
        AllEvents::Created(Created { number: 0..10 }) | AllEvents::Other(_) => Ok(()),
        _ => Err("too large"),
    }
}

#[tokio::test]
async fn what_failed_was_handled() {
    let bus = bus().handler::<when_small>().start().unwrap();
    assert!(bus.emit(Created { number: 1 }).await.is_ok());
    let receipt = bus.emit(Created { number: 10 }).await;
    assert!(!receipt.is_unhandled());
    assert_eq!(receipt.failures().len(), 1);
}

fn is_small(event: &AllEvents) -> bool {
    !matches!(event, AllEvents::Created(Created { number: 10.. }))
}

#[handler(when = is_small)]
fn only_small(_: &AllEvents) {}

#[tokio::test]
async fn a_condition_sees_the_set() {
    let bus = bus().handler::<only_small>().start().unwrap();
    assert!(!bus.emit(Created { number: 1 }).await.is_unhandled());
    assert!(bus.emit(Created { number: 10 }).await.is_unhandled());
}

#[test]
fn the_registry_knows_which_events_a_handler_of_a_set_takes() {
    let (closed, open) = (<by_reference as Handler>::info(), <of_all as Handler>::info());
    assert_eq!(closed.event_types(), [Created::event_type(), Cancelled::event_type()]);
    assert_eq!(closed.event_types(), open.event_types());
    assert_eq!([closed, open].map(|info| info.takes_every_event()), [false, true]);
    assert_eq!([closed, open].map(|info| info.takes("sets.created")), [true, true]);
    assert_eq!([closed, open].map(|info| info.takes("sets.noted")), [false, true]);
    let bus = bus().state(Log::default()).handler::<by_reference>().handler::<of_all>();
    let bus = bus.event::<Noted>().start().unwrap();
    let registry = bus.registry();
    assert_eq!(registry.handlers_of(Created::event_type()).count(), 2);
    assert_eq!(registry.handlers_of(Noted::event_type()).count(), 0);
    let lines = registry.to_string();
    let lines: Vec<_> = lines.lines().map(|line| line.split(" (").next().unwrap()).collect();
    let (by_reference, of_all) = ("  <- sets::handled::by_reference", "  <- sets::handled::of_all");
    let expected = ["sets.cancelled", by_reference, of_all, "sets.created", by_reference, of_all];
    assert_eq!(lines, [&expected[..], &["sets.noted", "every event", of_all]].concat());
    assert_eq!(format!("{open:?}"), open.to_string());
}
