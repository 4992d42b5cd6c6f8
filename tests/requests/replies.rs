//! What handlers may reply, and how.

use std::io;
use std::rc::Rc;

use atoms::prelude::*;

use crate::bus;

/// Neither `Clone` nor `Debug`, and not known to serde.
struct Quote {
    cents: u64,
}

#[request(type = "replies.quote", reply = Quote)]
struct GetQuote {
    item: String,
}

#[handler]
fn quote(ask: &GetQuote) -> Quote {
    Quote { cents: 50 * ask.item.len() as u64 }
}

#[tokio::test]
async fn a_sync_handler_replies() {
    let bus = bus().handler::<quote>().start().unwrap();
    assert_eq!(bus.request(GetQuote { item: "nails".into() }).await.unwrap().cents, 250);
    assert_eq!(bus.request(GetQuote { item: "hammer".into() }).await.unwrap().cents, 300);
}

#[request(type = "replies.later", reply = String)]
struct Later {
    #[event(default = 2)]
    turns: u32,
}

#[handler]
async fn wait(ask: Later) -> Result<String, io::Error> {
    for _ in 0..ask.turns {
        tokio::task::yield_now().await;
    }
    Ok(format!("after {} turns", ask.turns))
}

#[tokio::test]
async fn an_async_handler_replies_when_it_is_done() {
    let bus = bus().handler::<wait>().start().unwrap();
    assert_eq!(bus.request(Later { turns: 3 }).await.unwrap(), "after 3 turns");
}

#[tokio::test]
async fn a_request_may_be_asked_on_another_thread() {
    let bus = bus().handler::<wait>().start().unwrap();
    let asked = tokio::spawn(async move { bus.request(Later { turns: 1 }).await });
    assert_eq!(asked.await.unwrap().unwrap(), "after 1 turns");
}

#[request(type = "replies.result", reply = Result<Vec<u8>, String>)]
struct GetResult;

#[handler]
fn result_as_it_is(_: &GetResult) -> Result<Vec<u8>, String> {
    Err("a reply, and no failure".into())
}

#[tokio::test]
async fn a_result_may_be_the_reply_itself() {
    let bus = bus().handler::<result_as_it_is>().start().unwrap();
    assert_eq!(bus.request(GetResult).await.unwrap(), Err("a reply, and no failure".to_owned()));
}

#[request(type = "replies.unit", reply = ())]
struct Flush;

#[handler]
async fn flush(_: &Flush) {}

#[tokio::test]
async fn nothing_may_be_the_reply() {
    let bus = bus().handler::<flush>().start().unwrap();
    bus.request(Flush).await.unwrap();
}

#[request(type = "replies.envelope", reply = String)]
struct WhoAsks;

#[handler]
fn who(ask: &Envelope<WhoAsks>) -> String {
    format!("{} of {:?}", ask.id(), ask.metadata().source())
}

#[tokio::test]
async fn a_request_is_asked_and_answered_in_its_envelope() {
    let bus = bus().handler::<who>().start().unwrap();
    let mut metadata = atoms::Metadata::new();
    metadata.set_source("till");
    let ask = Envelope::new(WhoAsks).with_id("ask-1".parse().unwrap()).with_metadata(metadata);
    assert_eq!(bus.request(ask).await.unwrap(), "ask-1 of Some(\"till\")");
}

#[request(type = "replies.fn", reply = Box<dyn Fn(u32) -> u32 + Send>)]
struct GetFunction;

#[handler]
fn function(_: &GetFunction) -> Box<dyn Fn(u32) -> u32 + Send> {
    Box::new(|number| number + 1)
}

#[tokio::test]
async fn what_is_not_sync_may_be_the_reply() {
    let bus = bus().handler::<function>().start().unwrap();
    let held = Rc::new(bus.request(GetFunction).await.unwrap());
    assert_eq!(held(41), 42);
}

#[tokio::test]
async fn a_frame_reaches_the_handler_and_its_reply_is_dropped() {
    let bus = bus().handler::<wait>().start().unwrap();
    let receipt = bus.receive(br#"{"type":"replies.later"}"#).await.unwrap();
    assert_eq!(receipt.deliveries().count(), 1);
    assert!(!receipt.is_unhandled());
    receipt.into_result().unwrap();
}

#[test]
fn the_registry_tells_requests_from_events() {
    let bus = bus().handler::<quote>().start().unwrap();
    assert!(bus.registry().event("replies.quote").unwrap().is_request());
    assert!(
        !bus.registry().events().iter().any(|known| known.is_request() && known.name() != "replies.quote")
    );
    assert!(bus.registry().to_string().contains("request replies.quote (requests::replies::GetQuote, "));
}
