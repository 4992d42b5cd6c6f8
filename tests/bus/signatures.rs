//! What a handler may take and return.

use std::sync::Arc;

use atoms::prelude::*;
use atoms::{Delivery, ExtractError, FromDelivery, Metadata, PrepareError, StartContext};

use crate::{Log, bus};

#[event(type = "signatures.asked")]
struct Asked {
    text: String,
}

#[event(type = "signatures.answered")]
struct Answered {
    number: u64,
}

#[event(type = "signatures.ended")]
struct Ended {}

fn asked() -> Asked {
    Asked { text: "what".into() }
}

#[handler]
fn by_value(mut asked: Asked, log: State<Log>) {
    asked.text.push('!');
    log.add(format!("by_value {}", asked.text));
}

#[handler]
fn by_reference(asked: &Asked, log: State<Log>) {
    log.add(format!("by_reference {}", asked.text));
}

#[handler]
fn in_envelope(asked: &Envelope<Asked>, log: State<Log>) {
    log.add(format!("in_envelope {} {}", asked.id(), asked.text));
}

#[handler]
fn of_any(event: &AnyEvent, log: State<Log>) {
    log.add(format!("of_any {} {}", event.id(), event.is::<Asked>()));
}

#[handler]
async fn owned_envelope(asked: Envelope<Asked>, log: State<Log>) {
    tokio::task::yield_now().await;
    log.add(format!("owned_envelope {}", asked.into_event().text));
}

#[handler]
async fn owned_any(event: AnyEvent, log: State<Log>) {
    log.add(format!("owned_any {}", event.downcast::<Asked>().unwrap().text));
}

#[tokio::test]
async fn the_event_comes_in_every_form() {
    let log = Arc::new(Log::default());
    let builder = bus().shared_state(log.clone()).handler::<by_value>().handler::<by_reference>();
    let builder = builder.handler::<in_envelope>().handler::<of_any>();
    let bus = builder.handler::<owned_envelope>().handler::<owned_any>().start().unwrap();
    let event = Envelope::new(asked()).with_id("a-1".parse().unwrap());
    bus.emit(event).await.into_result().unwrap();
    let mut seen = log.take();
    seen.sort();
    let expected = ["by_reference what", "by_value what!", "in_envelope a-1 what", "of_any a-1 true"];
    assert_eq!(seen, [&expected[..], &["owned_any what", "owned_envelope what"]].concat());
}

fn answer(number: u64) -> Answered {
    Answered { number }
}

#[handler]
fn nothing(_: &Asked) -> Option<Answered> {
    None
}

#[handler]
fn some(_: &Asked) -> Result<Option<Answered>, String> {
    Ok(Some(answer(1)))
}

#[handler]
async fn many(_: &Asked) -> Vec<Answered> {
    vec![answer(2), answer(3)]
}

#[handler(order = 1)]
fn mixed(_: &Asked) -> (Answered, Option<Ended>, Vec<Result2>) {
    (answer(4), Some(Ended {}), vec![(answer(5), ()), (answer(6), ())])
}

type Result2 = (Answered, ());

#[handler]
async fn fails(_: &Asked) -> Result<(Answered, Ended), &'static str> {
    Err("no answer")
}

#[tokio::test]
async fn what_is_returned_is_emitted_in_order() {
    let log = Arc::new(Log::default());
    let builder = bus().handler::<nothing>().handler::<some>().handler::<mixed>().handler::<many>();
    let bus = builder.handler::<fails>().start().unwrap();
    let seen = log.clone();
    let _answers = bus.on::<Answered>(move |answered| seen.add(answered.number.to_string()));
    let receipt = bus.emit(asked()).await;
    let types: Vec<_> = receipt.follow_ups().iter().map(|receipt| receipt.event_type()).collect();
    let (answered, ended) = ("signatures.answered", "signatures.ended");
    assert_eq!(types, [answered, answered, ended, answered, answered, answered, answered]);
    assert_eq!(log.take(), ["1", "4", "5", "6", "2", "3"]);
    assert_eq!(receipt.failures().len(), 1);
}

/// The length of a state and of the event's type, found at the start and at the delivery.
struct Lengths(usize, usize);

impl FromDelivery for Lengths {
    type Prepared = usize;

    fn prepare(start: &StartContext<'_>) -> Result<usize, PrepareError> {
        Ok(start.state::<String>()?.len())
    }

    fn from_delivery(length: &usize, delivery: &Delivery<'_>) -> Result<Self, ExtractError> {
        assert!(delivery.any().is::<Asked>());
        assert!(!delivery.bus().is_closed());
        Ok(Self(*length, delivery.event_type().len()))
    }
}

#[handler]
#[expect(clippy::too_many_arguments, reason = "as many as there may be")]
async fn with_eight(
    _: &Asked,
    one: State<u8>,
    two: State<u16>,
    three: Lengths,
    four: Context,
    five: Emitter<Answered>,
    six: Emitter<(Answered, Ended)>,
    seven: State<Log>,
    eight: State<&'static str>,
) {
    five.emit(answer(5)).await;
    six.emit(answer(6)).await;
    six.emit(Ended {}).await;
    seven.add(format!("{} {} {} {} {} {}", *one, *two, three.0, three.1, four.hops(), *eight));
}

#[tokio::test]
async fn parameters_are_extracted() {
    let log = Arc::new(Log::default());
    let builder = bus().shared_state(log.clone()).state(1_u8).state(2_u16).state("eight");
    let builder = builder.state(String::from("three"));
    let receipt = builder.handler::<with_eight>().start().unwrap().emit(asked()).await;
    assert_eq!(log.take(), ["1 2 5 16 0 eight"]);
    assert_eq!(receipt.follow_ups().len(), 3);
    receipt.into_result().unwrap();
}

#[test]
fn an_extractor_can_ask_for_states() {
    let builder = bus().state(Log::default()).state(1_u8).state(2_u16).state("eight");
    let error = builder.handler::<with_eight>().start().unwrap_err().to_string();
    assert!(error.contains("no state `alloc::string::String`"), "{error}");
}

/// Who an event belongs to: nobody, or somebody whose name can be read.
#[derive(Debug, PartialEq)]
struct Tenant(String);

impl FromDelivery for Tenant {
    type Prepared = ();

    fn prepare(_: &StartContext<'_>) -> Result<(), PrepareError> {
        Ok(())
    }

    fn from_delivery((): &(), delivery: &Delivery<'_>) -> Result<Self, ExtractError> {
        let tenant = delivery.metadata().get("tenant").ok_or_else(|| ExtractError::missing("no tenant"))?;
        let name = tenant.as_str().ok_or_else(|| ExtractError::new("the tenant has no name"))?;
        Ok(Self(name.to_owned()))
    }
}

#[handler]
fn optional(
    _: &Asked,
    absent: Option<State<u8>>,
    present: Option<State<u16>>,
    tenant: Option<Tenant>,
    out: Option<Emitter<Ended>>,
    log: State<Log>,
) {
    log.add(format!("{:?} {:?} {tenant:?}", absent.map(|it| *it), present.map(|it| *it)));
    out.unwrap().emit(Ended {});
}

async fn with_tenant(bus: &Bus, tenant: impl Into<serde_json::Value>) -> Receipt {
    let metadata = Metadata::from_iter([("tenant", tenant.into())]);
    bus.emit(Envelope::new(asked()).with_metadata(metadata)).await
}

#[tokio::test]
async fn an_option_is_none_where_its_value_does_not_exist() {
    let log = Arc::new(Log::default());
    let builder = bus().shared_state(log.clone()).state(2_u16).handler::<optional>();
    let bus = builder.start().unwrap();
    let receipt = bus.emit(asked()).await;
    assert_eq!(receipt.follow_ups().len(), 1);
    with_tenant(&bus, "t-1").await.into_result().unwrap();
    assert_eq!(log.take(), ["None Some(2) None", r#"None Some(2) Some(Tenant("t-1"))"#]);
}

#[tokio::test]
async fn an_option_does_not_hide_an_error() {
    let log = Arc::new(Log::default());
    let bus = bus().shared_state(log.clone()).handler::<optional>().start().unwrap();
    let receipt = with_tenant(&bus, 5).await;
    let error = receipt.failures()[0].error.to_string();
    assert!(error.contains("the tenant has no name"), "{error}");
    assert!(log.take().is_empty());
}

#[test]
fn what_an_optional_emitter_emits_is_declared() {
    let emits = <optional as atoms::Handler>::info().emits();
    assert_eq!(emits.iter().map(|ended| ended.name()).collect::<Vec<_>>(), ["signatures.ended"]);
}

type Eight = (Answered, Answered, Answered, Answered, Answered, Answered, Answered, Ended);

#[handler]
fn return_eight(_: &Asked) -> Eight {
    (answer(1), answer(2), answer(3), answer(4), answer(5), answer(6), answer(7), Ended {})
}

#[tokio::test]
async fn eight_events_can_be_returned() {
    let bus = bus().handler::<return_eight>().start().unwrap();
    assert_eq!(bus.emit(asked()).await.follow_ups().len(), 8);
}

#[test]
fn a_handler_is_a_function_still() {
    let log = State::from(Log::default());
    by_reference(&asked(), log.clone());
    assert_eq!(log.take(), ["by_reference what"]);
    assert_eq!(return_eight(&asked()).6.number, 7);
}

#[tokio::test]
async fn an_event_of_unknown_type_reaches_those_who_see_all() {
    let log = Arc::new(Log::default());
    let bus = bus().shared_state(log.clone()).handler::<by_value>().handler::<raw>().start().unwrap();
    let frame = br#"{ "type":"elsewhere.happened", "extra": [1, 2.50] }"#;
    let receipt = bus.receive(frame).await.unwrap();
    assert_eq!(log.take(), [std::str::from_utf8(frame).unwrap()]);
    assert_eq!(receipt.event_type(), "elsewhere.happened");
    assert!(receipt.is_unhandled());
    assert_eq!(receipt.deliveries().count(), 1);
}

#[handler]
fn raw(event: &AnyEvent, log: State<Log>, context: Context) {
    let raw = event.as_raw().unwrap();
    log.add(std::str::from_utf8(raw.frame()).unwrap());
    assert_eq!(context.bus().encode(event).unwrap(), raw.frame());
}
