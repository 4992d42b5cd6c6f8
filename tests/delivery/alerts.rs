//! Handlers of what failed, whose own events fail in turn.

use std::sync::Arc;
use std::time::Duration;

use atoms::prelude::*;
use atoms::{DeadLetterCause, DeliveryFailed, EventInvalid, Interceptor, Metadata, Receipt, Refusal, Veto};

use crate::{Log, SOON, bus};

#[event(type = "alerts.order")]
struct Order {}

#[event(type = "alerts.mail")]
struct Mail {}

#[handler]
fn order(_: &Order) -> Result<(), &'static str> {
    Err("sold out")
}

#[handler]
async fn mail(_: &Mail) -> Result<(), &'static str> {
    tokio::task::yield_now().await;
    Err("smtp is down")
}

#[handler]
fn alert(failed: &DeliveryFailed, log: State<Log>) -> Mail {
    log.add(&failed.error);
    Mail {}
}

/// A time that a loop without an end would not keep.
async fn ends(emit: impl IntoFuture<Output = Receipt>) -> Receipt {
    tokio::time::timeout(Duration::from_secs(60), emit).await.expect("the loop does not end")
}

#[tokio::test]
async fn alerts_that_fail_end_at_the_hop_limit() {
    let (builder, log) = bus();
    let bus = builder.handler::<order>().handler::<alert>().handler::<mail>().start().unwrap();
    assert!(!ends(bus.emit(Order {})).await.is_ok());
    let alerts = log.take();
    assert_eq!(alerts.len(), 33, "two hops for each alert, and 64 hops: {alerts:?}");
    assert_eq!(alerts[0], "sold out");
    assert!(alerts[1..].iter().all(|alert| alert == "smtp is down"), "{alerts:?}");
    let letters = bus.dead_letters().list().await.unwrap();
    assert_eq!(letters.len(), 34, "one for each alert, and the mail that was refused");
    assert!(matches!(letters[33].cause(), DeadLetterCause::Refused(Refusal::HopLimit { limit: 64 })));
    bus.shutdown(SOON).await.unwrap();
}

#[handler]
async fn alert_at_once(_: &DeliveryFailed, context: Context, log: State<Log>) {
    log.add("alert");
    let _receipt = context.bus().emit(Mail {}).await;
}

#[handler]
async fn alert_later(_: &DeliveryFailed, context: Context, log: State<Log>) {
    log.add("alert");
    context.bus().post(Mail {}).await.unwrap();
}

#[handler(detached)]
async fn alert_beside(_: &DeliveryFailed, out: Emitter<Mail>, log: State<Log>) {
    log.add("alert");
    out.emit(Mail {}).await;
}

#[handler]
async fn alert_of_a_frame(_: &DeliveryFailed, context: Context, log: State<Log>) {
    log.add("alert");
    context.bus().receive(b"not json").await.unwrap_err();
}

#[handler]
fn keep(_: &EventInvalid) -> Result<(), &'static str> {
    Err("the disk is full")
}

#[tokio::test]
async fn they_end_by_whatever_way_the_alert_goes() {
    for limit in [8, 1_024] {
        let ways = [
            bus().0.handler::<alert_at_once>(),
            bus().0.handler::<alert_later>(),
            bus().0.handler::<alert_beside>(),
            bus().0.handler::<alert_of_a_frame>(),
        ];
        for builder in ways {
            let log = Arc::new(Log::default());
            let builder = builder.shared_state(log.clone()).hop_limit(limit).queue_capacity(8_192);
            let bus = builder.handler::<order>().handler::<mail>().handler::<keep>().start().unwrap();
            assert!(!ends(bus.emit(Order {})).await.is_ok());
            tokio::time::timeout(Duration::from_secs(60), bus.idle()).await.expect("the loop does not end");
            let alerts = log.take().len();
            assert!((2..=limit as usize).contains(&alerts), "{alerts} alerts with a limit of {limit}");
            bus.shutdown(SOON).await.unwrap();
        }
    }
}

/// Lets no mail pass.
struct NoMail;

impl Interceptor for NoMail {
    fn before_emit(&self, event: &AnyEvent, _: &mut Metadata, _: Option<&AnyEvent>) -> Result<(), Veto> {
        if event.is::<Mail>() { Err(Veto::new("no mail")) } else { Ok(()) }
    }
}

#[tokio::test]
async fn they_end_if_it_is_a_veto_that_they_fail_by() {
    for builder in [bus().0.handler::<alert_at_once>(), bus().0.handler::<alert>()] {
        let builder = builder.state(Log::default()).interceptor(NoMail).handler::<order>();
        let bus = builder.start().unwrap();
        assert!(!ends(bus.emit(Order {})).await.is_ok());
        bus.shutdown(SOON).await.unwrap();
    }
}

#[handler]
async fn orders_again(_: &Order, context: Context) {
    context.bus().post(Order {}).await.unwrap();
}

#[handler]
fn note(failed: &DeliveryFailed, log: State<Log>) {
    log.add(format!("{}: {}", failed.event_type, failed.error));
}

#[tokio::test]
async fn the_end_of_a_chain_of_posted_events_is_told() {
    let (builder, log) = bus();
    let bus = builder.hop_limit(3).handler::<orders_again>().handler::<note>().start().unwrap();
    bus.post(Order {}).await.unwrap();
    bus.idle().await;
    let lines = log.take();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].starts_with("alerts.order: "), "{lines:?}");
    assert_eq!(bus.dead_letters().len().await.unwrap(), 1);
}
