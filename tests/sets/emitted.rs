//! Handlers that return or emit a set.

use std::sync::Arc;

use atoms::prelude::*;
use atoms::{Handler, StartProblem};

use crate::{AllEvents, Cancelled, Created, Log, Noted, OrderEvent, bus, cancelled};

#[event(type = "sets.asked")]
struct Asked {
    number: u64,
}

#[handler]
fn one(asked: &Asked) -> OrderEvent {
    match asked.number {
        0 => cancelled("c-1").into(),
        number => OrderEvent::Created(Created { number }),
    }
}

#[handler]
async fn many(_: &Noted) -> Result<(Vec<OrderEvent>, Option<OrderEvent>), String> {
    Ok((vec![Created { number: 1 }.into(), cancelled("c-2").into()], None))
}

#[handler]
async fn by_emitter(_: &Asked, out: Emitter<OrderEvent>) {
    out.emit(Created { number: 3 }).await;
    out.emit(Cancelled {}).await;
    assert_eq!(format!("{out:?}"), r#"Emitter(["sets.created", "sets.cancelled"])"#);
}

#[handler(allow_cycle)]
fn seen(event: &AllEvents, log: State<Log>, context: Context) {
    let cause = context.metadata().causation_id().unwrap_or("nothing");
    match event {
        AllEvents::Created(created) => log.add(format!("created {}", created.number)),
        AllEvents::Cancelled(cancelled) => log.add(format!("cancelled {} after {cause}", cancelled.id())),
        AllEvents::Other(_) => {}
    }
}

#[tokio::test]
async fn a_set_that_is_returned_is_its_event_in_its_envelope() {
    let log = Arc::new(Log::default());
    let bus = bus().shared_state(log.clone()).handler::<one>().handler::<seen>().start().unwrap();
    let receipt = bus.emit(Asked { number: 5 }).await;
    assert_eq!(receipt.follow_ups().len(), 1);
    assert_eq!(receipt.follow_ups()[0].event_type(), "sets.created");
    bus.emit(Envelope::new(Asked { number: 0 }).with_id("a-1".parse().unwrap())).await.into_result().unwrap();
    assert_eq!(log.take(), ["created 5", "cancelled c-1 after a-1"]);
}

#[tokio::test]
async fn sets_are_returned_in_all_that_events_are() {
    let log = Arc::new(Log::default());
    let bus = bus().shared_state(log.clone()).handler::<many>().handler::<seen>().start().unwrap();
    let noted = Envelope::new(Noted {}).with_id("n-1".parse().unwrap());
    bus.emit(noted).await.into_result().unwrap();
    assert_eq!(log.take(), ["created 1", "cancelled c-2 after n-1"]);
}

#[tokio::test]
async fn an_emitter_of_a_set_emits_each_of_its_events() {
    let bus = bus().state(Log::default()).handler::<by_emitter>().handler::<seen>().start().unwrap();
    let receipt = bus.emit(Asked { number: 0 }).await;
    let types: Vec<_> = receipt.follow_ups().iter().map(|receipt| receipt.event_type()).collect();
    assert_eq!(types, ["sets.created", "sets.cancelled"]);
    receipt.into_result().unwrap();
}

#[test]
fn a_signature_with_a_set_declares_each_of_its_events() {
    for info in [<one as Handler>::info(), <many as Handler>::info(), <by_emitter as Handler>::info()] {
        assert_eq!(info.emits(), [Created::event_type(), Cancelled::event_type()]);
    }
}

#[handler]
fn echo(event: &OrderEvent) -> Option<Noted> {
    matches!(event, OrderEvent::Created(_)).then_some(Noted {})
}

#[handler]
fn back(_: &AllEvents) -> Option<Asked> {
    None
}

#[test]
fn circles_lead_through_sets() {
    let error = bus().handler::<many>().handler::<echo>().start().unwrap_err();
    let circles = error.problems().iter().filter(|it| matches!(it, StartProblem::Circle { .. })).count();
    assert!(circles >= 1, "{error}");
    assert!(error.to_string().contains("`sets.created` -> sets::emitted::echo"), "{error}");
    let error = bus().handler::<back>().start().unwrap_err();
    assert!(error.to_string().contains("`sets.asked` -> sets::emitted::back"), "{error}");
}
