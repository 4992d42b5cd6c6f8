//! Code of users that panics where nobody expects it.

use std::fmt;
use std::panic::panic_any;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use atoms::prelude::*;
use atoms::serde::{Deserialize, Serialize};
use atoms::{BusBuilder, DeliveryFailed, FailureKind, HandlerError, Interceptor, Metadata, Veto};
use tracing_subscriber::util::SubscriberInitExt;

use crate::{Log, bus};

/// Looks at each error that is logged.
fn look() -> impl Drop {
    tracing_subscriber::fmt().with_writer(std::io::sink).set_default()
}

/// An error all of whose code panics.
struct Evil;

impl fmt::Display for Evil {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        panic!("in Display")
    }
}

impl fmt::Debug for Evil {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        panic!("in Debug")
    }
}

impl std::error::Error for Evil {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        panic!("in source")
    }
}

impl Drop for Evil {
    fn drop(&mut self) {
        panic!("in Drop")
    }
}

#[event(type = "panics.asked")]
struct Asked {}

#[handler(order = 1)]
fn fail(_: &Asked) -> Result<(), HandlerError> {
    Err(Box::new(Evil))
}

#[handler(retry(attempts = 2, delay = "1ms"))]
async fn fail_again(_: &Asked) -> Result<(), HandlerError> {
    tokio::task::yield_now().await;
    Err(Box::new(Evil))
}

#[handler(order = 2)]
fn panic_with_more(_: &Asked) {
    panic_any(Evil)
}

#[handler(order = 3)]
fn neighbour(_: &Asked, log: State<Log>) {
    log.add("neighbour");
}

#[handler]
async fn waiting_neighbour(_: &Asked, log: State<Log>) {
    tokio::task::yield_now().await;
    log.add("waiting neighbour");
}

#[handler]
fn alert(failed: &DeliveryFailed, log: State<Log>) {
    log.add(&failed.error);
}

#[tokio::test]
async fn an_error_that_panics_when_it_is_shown_or_dropped_stops_nobody() {
    let _guard = look();
    let log = Arc::new(Log::default());
    let builder =
        bus().shared_state(log.clone()).handler::<fail>().handler::<fail_again>().handler::<alert>();
    let builder = builder.handler::<panic_with_more>().handler::<neighbour>().handler::<waiting_neighbour>();
    // Letters that make room are dropped while others are emitted.
    let bus = builder.dead_letter_capacity(2).start().unwrap();
    for _ in 0..3 {
        let receipt = bus.emit(Asked {}).await;
        let mut lines = log.take();
        lines.sort();
        let shown = "(panicked when it was shown: in Display)";
        assert_eq!(lines, [shown, shown, "neighbour", "panicked: no message", "waiting neighbour"]);
        assert_eq!(receipt.failures().len(), 3);
        assert!(format!("{receipt} {receipt:?} {receipt:#?}").contains(shown));
        for failure in receipt.failures() {
            assert!(!format!("{failure} {failure:?}").is_empty());
        }
        for (_, outcome) in receipt.deliveries() {
            let sources = |kind: &FailureKind| std::error::Error::source(kind).is_some();
            assert!(!outcome.is_err_and(sources));
        }
        let error = receipt.into_result().unwrap_err();
        assert!(format!("{error} {error:?} {error:#?}").contains(shown));
    }
    for letter in bus.dead_letters().list().await.unwrap() {
        assert!(!format!("{letter} {letter:?} {letter:#?}").is_empty());
    }
    drop(bus.dead_letters().discard_all().await.unwrap());
    bus.shutdown(crate::SOON).await.unwrap();
}

/// An event that panics when it is cloned, shown or dropped.
#[derive(Serialize, Deserialize, atoms::Event)]
#[serde(crate = "atoms::serde")]
#[event(type = "panics.evil")]
struct EvilEvent {
    when: When,
}

#[derive(Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(crate = "atoms::serde")]
enum When {
    Cloned,
    Shown,
    Dropped,
}

impl Clone for EvilEvent {
    fn clone(&self) -> Self {
        assert!(self.when != When::Cloned, "in Clone");
        Self { when: self.when }
    }
}

impl fmt::Debug for EvilEvent {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        panic!("in Debug")
    }
}

impl Drop for EvilEvent {
    fn drop(&mut self) {
        assert!(self.when != When::Dropped, "in Drop");
    }
}

#[handler]
fn take(_: EvilEvent, log: State<Log>) {
    log.add("taken");
}

#[handler(order = 9)]
fn see(_: &EvilEvent, log: State<Log>) {
    log.add("seen");
}

#[handler]
async fn see_later(_: &EvilEvent, log: State<Log>) {
    tokio::task::yield_now().await;
    log.add("seen later");
}

#[handler]
fn send(asked: &Asked, out: Emitter<EvilEvent>) {
    let _ = asked;
    for when in [When::Cloned, When::Shown, When::Dropped] {
        out.emit(EvilEvent { when });
    }
}

/// A bus with handlers that see the event, and what they say.
fn seeing() -> (BusBuilder, Arc<Log>) {
    let log = Arc::new(Log::default());
    let builder = bus().shared_state(log.clone()).handler::<take>().handler::<see>().handler::<see_later>();
    (builder, log)
}

#[tokio::test]
async fn an_event_that_panics_when_it_is_cloned_fails_for_those_who_take_a_clone() {
    let (builder, log) = seeing();
    let bus = builder.start().unwrap();
    let mut stream = bus.stream::<EvilEvent>();
    let receipt = bus.emit(EvilEvent { when: When::Cloned }).await;
    assert_eq!(log.take(), ["seen", "seen later"]);
    let failures: Vec<_> = receipt.failures().iter().map(|failure| failure.error.to_string()).collect();
    assert_eq!(failures, ["panicked: in Clone"; 2], "the handler by value, and the stream");
    assert!(bus.dead_letters().is_empty().await.unwrap(), "it could not be kept without a clone");
    bus.shutdown(crate::SOON).await.unwrap();
    assert!(stream.next().await.is_none());
}

#[tokio::test]
async fn an_event_that_panics_when_it_is_dropped_stops_nobody() {
    let _guard = look();
    let (builder, log) = seeing();
    let bus = builder.handler::<send>().start().unwrap();
    let receipt = bus.emit(EvilEvent { when: When::Dropped }).await;
    assert_eq!(log.take(), ["taken", "seen", "seen later"]);
    assert_eq!(receipt.deliveries().filter(|(_, outcome)| outcome.is_err()).count(), 1, "{receipt}");
    // What follows from an event is not dropped by who emitted that.
    let receipt = bus.emit(Asked {}).await;
    assert_eq!(receipt.follow_ups().len(), 3, "{receipt}");
    assert_eq!(log.take().iter().filter(|line| *line == "seen later").count(), 3);
    bus.post(EvilEvent { when: When::Dropped }).await.unwrap();
    bus.idle().await;
    assert_eq!(log.take(), ["taken", "seen", "seen later"]);
}

#[tokio::test]
async fn an_event_that_panics_when_it_is_shown_is_shown_all_the_same() {
    let any = AnyEvent::from(Envelope::new(EvilEvent { when: When::Shown }));
    assert_eq!(format!("{any:?}"), "(panicked when it was shown: in Debug)");
}

/// Adds metadata, and has no name.
struct Enriches;

impl Interceptor for Enriches {
    fn before_emit(&self, _: &AnyEvent, metadata: &mut Metadata, _: Option<&AnyEvent>) -> Result<(), Veto> {
        metadata.set_source("here");
        Ok(())
    }

    fn after_emit(&self, _: &AnyEvent, _: &Receipt, _: std::time::Duration) {
        panic_any(Evil)
    }

    fn name(&self) -> &'static str {
        panic!("in name")
    }
}

#[tokio::test]
async fn an_event_that_cannot_be_cloned_with_its_new_metadata_is_refused() {
    let (builder, log) = seeing();
    let bus = builder.interceptor(Enriches).start().unwrap();
    let event = AnyEvent::from(Envelope::new(EvilEvent { when: When::Cloned }));
    let refused = bus.emit_any(&event).await.refusal().unwrap().to_string();
    assert_eq!(refused, "vetoed by a layer: the event's `Clone` panicked");
    assert!(bus.emit(EvilEvent { when: When::Shown }).await.is_ok());
    assert_eq!(log.take(), ["taken", "seen", "seen later"]);
}

#[tokio::test]
async fn a_subscriber_that_panics_when_it_is_dropped_stops_nobody() {
    let dropped = Arc::new(AtomicUsize::new(0));
    let bus = bus().event::<Asked>().start().unwrap();
    let evil = || {
        let (guard, dropped) = (Evil, dropped.clone());
        move || {
            let _owned = &guard;
            dropped.fetch_add(1, Ordering::Relaxed);
        }
    };
    let count = evil();
    let subscription = Arc::new(std::sync::Mutex::new(None));
    let (own, other) = (subscription.clone(), bus.on::<Asked>(move |_| count()));
    *subscription.lock().unwrap() = Some(other);
    // Ends the other one while it is called for the same event, which then is the last to know it.
    let _ends_it = bus.on::<Asked>(move |_| drop(own.lock().unwrap().take()));
    assert!(bus.emit(Asked {}).await.is_ok());
    let left = evil();
    bus.on::<Asked>(move |_| left()).detach();
    bus.shutdown(crate::SOON).await.unwrap();
    assert_eq!(dropped.load(Ordering::Relaxed), 1);
}
