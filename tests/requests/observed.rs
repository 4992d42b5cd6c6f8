//! Those who see a request and do not answer it.

use std::sync::Arc;

use atoms::prelude::*;
use atoms::{Handler, RequestError, StartProblem};

use crate::{Log, bus};

#[request(type = "observed.quote", reply = u64)]
struct GetQuote {}

#[handler]
async fn quote(_: &GetQuote) -> u64 {
    250
}

#[handler]
fn another_quote(_: &Envelope<GetQuote>) -> u64 {
    300
}

#[handler]
fn watch(event: &AnyEvent, log: State<Log>) -> Result<(), String> {
    log.add(format!("watched {}", event.event_type()));
    Err("a watcher may fail".into())
}

#[tokio::test]
async fn who_sees_every_event_sees_requests() {
    let log = Arc::new(Log::default());
    let bus = bus().handler::<quote>().handler::<watch>().shared_state(log.clone()).start().unwrap();
    assert_eq!(bus.request(GetQuote {}).await.unwrap(), 250);
    assert_eq!(log.take(), ["watched observed.quote", "watched atoms.delivery.failed"]);
}

#[tokio::test]
async fn who_sees_every_event_does_not_answer() {
    let bus = bus().event::<GetQuote>().handler::<watch>().state(Log::default()).start().unwrap();
    let error = bus.request(GetQuote {}).await.unwrap_err();
    assert!(matches!(error, RequestError::Unanswered { .. }), "{error:?}");
}

#[handler(pattern = "observed.*")]
fn watch_some(_: &AnyEvent, log: State<Log>) {
    log.add("selected");
}

#[tokio::test]
async fn who_selects_a_request_by_a_pattern_does_not_answer() {
    let log = Arc::new(Log::default());
    let builder = bus().shared_state(log.clone()).handler::<watch_some>();
    let alone = builder.event::<GetQuote>().start().unwrap();
    let error = alone.request(GetQuote {}).await.unwrap_err();
    assert!(matches!(error, RequestError::Unanswered { .. }), "{error:?}");
    log.take();
    let builder = bus().shared_state(log.clone()).handler::<watch_some>();
    let bus = builder.handler::<quote>().start().unwrap();
    assert_eq!(bus.request(GetQuote {}).await.unwrap(), 250);
    assert_eq!(log.take(), ["selected"]);
}

#[tokio::test]
async fn subscribers_and_streams_see_requests() {
    let log = Arc::new(Log::default());
    let bus = bus().handler::<quote>().start().unwrap();
    let seen = Arc::clone(&log);
    let _subscription = bus.on::<GetQuote>(move |_| seen.add("subscribed"));
    let mut stream = bus.stream::<GetQuote>();
    assert_eq!(bus.request(GetQuote {}).await.unwrap(), 250);
    assert_eq!(log.take(), ["subscribed"]);
    assert!(stream.next().await.unwrap().is_ok());
}

#[test]
fn a_bus_with_two_handlers_of_a_request_does_not_start() {
    let error = bus().handler::<quote>().handler::<another_quote>().start().unwrap_err();
    let [StartProblem::SeveralHandlers { request, handlers }] = error.problems() else { panic!("{error}") };
    assert_eq!(request.name(), "observed.quote");
    assert_eq!(handlers.len(), 2);
    let message = error.to_string();
    for handler in [<quote as Handler>::info(), <another_quote as Handler>::info()] {
        assert!(message.contains(&handler.to_string()), "{message}");
    }
    assert!(message.contains("the request `observed.quote` has 2 handlers, and needs exactly one"));
}
