//! Why there is no reply.

use std::error::Error;
use std::fmt;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use atoms::prelude::*;
use atoms::{
    Delivery, ExtractError, FailureKind, Interceptor, Layer, Metadata, Next, Outcome, Refusal, RequestError,
    Veto,
};
use tokio::sync::Notify;
use tokio::time::timeout;

use crate::bus;

#[derive(Debug, PartialEq)]
struct NoSuchItem(String);

impl Error for NoSuchItem {}

impl fmt::Display for NoSuchItem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "there is no `{}`", self.0)
    }
}

#[request(type = "errors.quote", reply = u64)]
struct GetQuote {
    item: String,
}

fn moon() -> GetQuote {
    GetQuote { item: "moon".into() }
}

#[handler]
async fn quote(ask: &GetQuote) -> Result<u64, NoSuchItem> {
    Err(NoSuchItem(ask.item.clone()))
}

#[tokio::test]
async fn a_handlers_error_is_the_source_and_can_be_downcast() {
    let bus = bus().handler::<quote>().start().unwrap();
    let error = bus.request(moon()).await.unwrap_err();
    assert_eq!(error.downcast_ref::<NoSuchItem>(), Some(&NoSuchItem("moon".into())));
    assert_eq!(error.source().unwrap().downcast_ref::<NoSuchItem>(), Some(&NoSuchItem("moon".into())));
    assert_eq!(error.downcast_ref::<NoSuchItem>(), Some(&NoSuchItem("moon".into())));
    assert_eq!(error.request(), "errors.quote");
    let message = error.to_string();
    for part in ["requests::errors::quote", "tests/requests/errors.rs:", "`errors.quote`", "no `moon`"] {
        assert!(message.contains(part), "`{part}` is not in: {message}");
    }
    let RequestError::Failed { handler, .. } = error else { panic!("{error:?}") };
    assert!(handler.path().ends_with("::quote"));
}

#[test]
fn an_error_can_go_anywhere() {
    fn goes_anywhere<T: Error + Clone + Send + Sync + 'static>() {}
    goes_anywhere::<RequestError>();
}

#[handler]
fn panics(_: &GetQuote) -> u64 {
    panic!("out of nails")
}

#[tokio::test]
async fn a_panic_is_a_failure_with_its_message() {
    let bus = bus().handler::<panics>().start().unwrap();
    let error = bus.request(moon()).await.unwrap_err();
    let Some(FailureKind::Panic(message)) = error.downcast_ref() else { panic!("{error:?}") };
    assert_eq!(message, "out of nails");
    // Who asked knows it.
    assert!(bus.dead_letters().is_empty().await.unwrap());
}

struct Never;

impl atoms::FromDelivery for Never {
    type Prepared = ();

    fn prepare(_: &atoms::StartContext<'_>) -> Result<(), atoms::PrepareError> {
        Ok(())
    }

    fn from_delivery(_: &(), _: &atoms::Delivery<'_>) -> Result<Self, ExtractError> {
        Err(ExtractError::new("never"))
    }
}

#[handler]
fn unextracted(_: &GetQuote, _: Never) -> u64 {
    1
}

#[tokio::test]
async fn a_parameter_that_cannot_be_extracted_is_a_failure() {
    let bus = bus().handler::<unextracted>().start().unwrap();
    let error = bus.request(moon()).await.unwrap_err();
    assert!(matches!(error.downcast_ref(), Some(FailureKind::Extract(_))), "{error:?}");
    assert!(error.to_string().ends_with("cannot extract a parameter: never"), "{error}");
}

#[tokio::test]
async fn a_bus_without_the_handler_does_not_answer() {
    let bus = bus().event::<GetQuote>().start().unwrap();
    let error = bus.request(moon()).await.unwrap_err();
    assert!(matches!(error, RequestError::Unanswered { request: "errors.quote" }), "{error:?}");
    let message = error.to_string();
    assert!(
        message.starts_with("nothing on this bus answers the request `errors.quote`: write"),
        "{message}"
    );
    assert!(error.source().is_none());
}

#[tokio::test]
async fn a_bus_that_is_shut_down_refuses() {
    let bus = bus().handler::<quote>().start().unwrap();
    bus.shutdown(Duration::from_secs(10)).await.unwrap();
    let error = bus.request(moon()).await.unwrap_err();
    assert!(matches!(error, RequestError::Refused { refusal: Refusal::Closed, .. }), "{error:?}");
    assert_eq!(error.downcast_ref(), Some(&Refusal::Closed));
    assert_eq!(error.to_string(), "the request `errors.quote` was refused: the bus is shut down");
}

struct NoMoons;

impl Interceptor for NoMoons {
    fn before_emit(
        &self,
        event: &atoms::AnyEvent,
        metadata: &mut Metadata,
        _: Option<&atoms::AnyEvent>,
    ) -> Result<(), Veto> {
        metadata.set_source("interceptor");
        match event.downcast_ref::<GetQuote>() {
            Some(ask) if ask.item == "moon" => Err(Veto::new("no moons")),
            _ => Ok(()),
        }
    }
}

#[handler]
fn source(ask: &Envelope<GetQuote>) -> u64 {
    ask.metadata().source().map_or(0, |source| source.len() as u64)
}

#[tokio::test]
async fn interceptors_enrich_and_veto_requests() {
    let bus = bus().handler::<source>().interceptor(NoMoons).start().unwrap();
    let nails = GetQuote { item: "nails".into() };
    assert_eq!(bus.request(nails).await.unwrap(), "interceptor".len() as u64);
    let error = bus.request(moon()).await.unwrap_err();
    let RequestError::Refused { refusal: Refusal::Vetoed(veto), .. } = error else { panic!("{error:?}") };
    assert_eq!(veto.reason(), "no moons");
}

#[event(type = "errors.asks")]
struct Asks {}

type Answered = Arc<Mutex<Vec<bool>>>;

#[handler]
async fn asks(_: &Asks, context: Context, gate: State<Notify>, answered: State<Answered>) {
    gate.notified().await;
    let reply = context.bus().request(GetQuote { item: "nails".into() }).await;
    answered.lock().unwrap().push(reply.is_ok());
}

/// Who is waited for has to come to an end.
#[tokio::test]
async fn what_a_running_handler_asks_is_answered_in_a_shutdown() {
    for is_seen in [false, true] {
        let (gate, answered) = (Arc::new(Notify::new()), Answered::default());
        let builder = bus().handler::<source>().handler::<asks>();
        let builder = builder.shared_state(Arc::clone(&gate)).state(Arc::clone(&answered));
        let builder = if is_seen { builder.interceptor(NoMoons) } else { builder };
        let bus = builder.start().unwrap();
        bus.post(Asks {}).await.unwrap();
        let mut shutdown = pin!(bus.shutdown(Duration::from_secs(10)));
        assert!(timeout(Duration::from_millis(10), &mut shutdown).await.is_err());
        gate.notify_one();
        shutdown.await.unwrap();
        assert_eq!(*answered.lock().unwrap(), [true]);
    }
}

#[request(type = "errors.stored", reply = u64)]
struct Store;

#[handler]
fn store(_: &Store) -> u64 {
    7
}

/// Fails once the handler has replied, as a transaction does that is not committed.
struct Uncommitted;

impl Layer for Uncommitted {
    async fn deliver(&self, _: &Delivery<'_>, next: &mut Next<'_>) -> Outcome {
        next.run().await?;
        Err(Veto::new("the disk is full").into())
    }
}

#[tokio::test]
async fn a_layer_that_fails_after_the_reply_takes_it_back() {
    let bus = bus().handler::<store>().layer(Uncommitted).start().unwrap();
    let error = bus.request(Store).await.unwrap_err();
    assert!(error.to_string().contains("the disk is full"), "{error}");
}
