//! Requests that handlers ask, and events that the handlers of requests emit.

use std::sync::Arc;

use atoms::prelude::*;
use atoms::{Refusal, RequestError};

use crate::{Log, bus};

#[event(type = "chains.ordered")]
struct Ordered {}

#[request(type = "chains.price", reply = u64)]
struct GetPrice {}

#[request(type = "chains.tax", reply = u64)]
struct GetTax {}

#[event(type = "chains.priced")]
struct Priced {
    cents: u64,
}

#[handler]
async fn order(_: &Ordered, context: Context) -> Result<Priced, RequestError> {
    Ok(Priced { cents: context.request(GetPrice {}).await? })
}

#[handler]
async fn price(_: &GetPrice, context: Context) -> Result<u64, RequestError> {
    Ok(100 + context.bus().request(GetTax {}).await?)
}

#[handler]
fn tax(_: &GetTax) -> u64 {
    19
}

#[handler]
fn paid(priced: &Priced, log: State<Log>) {
    log.add(format!("{} cents", priced.cents));
}

#[handler(order = -1)]
fn follow(event: &AnyEvent, log: State<Log>) {
    let metadata = event.metadata();
    let [causation, correlation] = [metadata.causation_id(), metadata.correlation_id()];
    log.add(format!("{} {} {causation:?} {correlation:?}", event.event_type(), event.id()));
}

#[tokio::test]
async fn a_handler_asks_and_goes_on_with_the_reply() {
    let log = Arc::new(Log::default());
    let bus = bus().handler::<order>().handler::<price>().handler::<tax>().handler::<paid>();
    let bus = bus.shared_state(log.clone()).start().unwrap();
    bus.emit(Ordered {}).await.into_result().unwrap();
    assert_eq!(log.take(), ["119 cents"]);
}

#[tokio::test]
async fn nested_requests_know_what_they_follow_from() {
    let log = Arc::new(Log::default());
    let bus = bus().handler::<price>().handler::<tax>().handler::<follow>();
    let bus = bus.shared_state(log.clone()).start().unwrap();
    let ask = Envelope::new(GetPrice {}).with_id("ask-1".parse().unwrap());
    assert_eq!(bus.request(ask).await.unwrap(), 119);
    let lines = log.take();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert_eq!(lines[0], "chains.price ask-1 None None");
    assert!(lines[1].starts_with("chains.tax "), "{lines:?}");
    assert!(lines[1].ends_with(" Some(\"ask-1\") Some(\"ask-1\")"), "{lines:?}");
}

#[tokio::test]
async fn the_error_of_a_nested_request_is_in_the_chain_of_causes() {
    let bus = bus().handler::<price>().start().unwrap();
    let error = bus.request(GetPrice {}).await.unwrap_err();
    let inner = error.downcast_ref::<RequestError>().expect("the handler's error");
    assert!(matches!(inner, RequestError::Unanswered { request: "chains.tax" }), "{inner:?}");
}

#[request(type = "chains.ping", reply = u32)]
struct Ping {}

#[request(type = "chains.pong", reply = u32)]
struct Pong {}

#[handler]
async fn ping(_: &Ping, context: Context) -> Result<u32, RequestError> {
    context.request(Pong {}).await
}

#[handler]
async fn pong(_: &Pong, context: Context) -> Result<u32, RequestError> {
    context.request(Ping {}).await
}

#[tokio::test]
async fn requests_that_ask_each_other_are_stopped() {
    let bus = bus().handler::<ping>().handler::<pong>().hop_limit(4).start().unwrap();
    let error = bus.request(Ping {}).await.unwrap_err();
    let mut innermost: &(dyn std::error::Error + 'static) = &error;
    let mut asked = 0;
    while let Some(inner) = innermost.source() {
        asked += usize::from(innermost.is::<RequestError>());
        innermost = inner;
    }
    assert_eq!(innermost.downcast_ref(), Some(&Refusal::HopLimit { limit: 4 }));
    assert_eq!(asked, 6, "one that was asked, four hops, and the one that was stopped");
}

#[event(type = "chains.looked_up")]
struct LookedUp {}

#[request(type = "chains.look_up", reply = &'static str)]
struct LookUp {}

#[handler]
fn look_up(_: &LookUp, out: Emitter<LookedUp>) -> &'static str {
    drop(out.emit(LookedUp {}));
    "found"
}

#[handler]
async fn count(_: &LookedUp, log: State<Log>) {
    tokio::task::yield_now().await;
    log.add("counted");
}

#[handler]
fn miscount(_: &LookedUp) -> Result<(), String> {
    Err("miscounted".into())
}

#[tokio::test]
async fn what_a_requests_handler_emits_is_handled_before_the_reply() {
    let log = Arc::new(Log::default());
    let bus = bus().handler::<look_up>().handler::<count>().shared_state(log.clone()).start().unwrap();
    assert_eq!(bus.request(LookUp {}).await.unwrap(), "found");
    assert_eq!(log.take(), ["counted"]);
}

#[tokio::test]
async fn what_fails_beside_the_handler_takes_nothing_from_the_reply() {
    let bus = bus().handler::<look_up>().handler::<miscount>().start().unwrap();
    assert_eq!(bus.request(LookUp {}).await.unwrap(), "found");
    assert_eq!(bus.dead_letters().list().await.unwrap().len(), 1);
}

#[handler]
fn ask_back(_: &LookedUp) -> Ordered {
    Ordered {}
}

#[test]
fn a_reply_is_no_emission() {
    let bus = bus().handler::<price>().handler::<look_up>().handler::<ask_back>().start().unwrap();
    let emitting = |path: &str| {
        let handlers = bus.registry().handlers().iter();
        let handler = handlers.copied().find(|handler| handler.path().ends_with(path)).unwrap();
        handler.emits().into_iter().map(|emitted| emitted.name()).collect::<Vec<_>>()
    };
    assert!(emitting("::price").is_empty());
    assert_eq!(emitting("::look_up"), ["chains.looked_up"]);
    assert_eq!(emitting("::ask_back"), ["chains.ordered"]);
}
