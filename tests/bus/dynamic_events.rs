//! Events that are put together at run time.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use atoms::prelude::*;
use atoms::{DecodeErrorKind, DynamicError, DynamicEvent, EventInvalid, Metadata, Registry, Timestamp};
use serde_json::{Value, json};

use super::{Log, bus};

#[event(type = "dynamic.booking")]
#[derive(PartialEq)]
struct Booking {
    party_size: u32,
    names: Vec<String>,
    #[event(sensitive)]
    code: Option<u32>,
}

#[event(type = "dynamic.promised", must_handle)]
struct Promised {}

#[event(type = "dynamic.asked")]
struct Asked {}

#[event(type = "dynamic.table")]
struct TableV1 {
    number: String,
}

#[event(type = "dynamic.table", version = 2, upcasts = TableV1)]
struct Table {
    number: u32,
}

impl From<TableV1> for Table {
    fn from(old: TableV1) -> Self {
        Self { number: old.number.parse().unwrap_or_default() }
    }
}

#[handler]
fn reserve(booking: &Envelope<Booking>, log: State<Log>) {
    log.add(format!("{} for {:?}, {}", booking.id(), booking.names, booking.party_size));
}

#[handler]
fn see_all(event: &AnyEvent, log: State<Log>) {
    let raw = event.as_raw().map(|raw| String::from_utf8_lossy(raw.frame()).into_owned());
    log.add(format!("{} {}", event.event_type(), raw.unwrap_or_else(|| "known".into())));
}

fn booking() -> DynamicEvent {
    DynamicEvent::new("dynamic.booking").with("party_size", 4).with("names", ["a", "b"])
}

fn with_log() -> (Bus, Arc<Log>) {
    let log = Arc::new(Log::default());
    (bus().handler::<reserve>().handler::<see_all>().shared_state(Arc::clone(&log)).start().unwrap(), log)
}

#[tokio::test]
async fn an_event_that_the_bus_has_goes_to_its_handlers_as_its_struct() {
    let (bus, log) = with_log();
    let receipt = bus.emit_dynamic(booking().with_id("b-1".parse().unwrap())).await.unwrap();
    receipt.into_result().unwrap();
    assert_eq!(log.take(), [r#"b-1 for ["a", "b"], 4"#, "dynamic.booking known"]);
}

#[tokio::test]
async fn one_that_it_has_not_goes_to_those_who_see_every_event_as_a_flat_frame() {
    let (bus, log) = with_log();
    let event = DynamicEvent::new("dynamic.unknown")
        .with_id("u-1".parse().unwrap())
        .with_timestamp("2025-01-02T03:04:05Z".parse::<Timestamp>().unwrap())
        .with_metadata(Metadata::from_iter([("tenant", "t")]))
        .with("list", vec![Some(1.5), None])
        .with("map", BTreeMap::from([("k", true)]))
        .with("value", json!({"deep": ["x"]}));
    bus.emit_dynamic(event).await.unwrap().into_result().unwrap();
    let frame = r#"{"type":"dynamic.unknown","id":"u-1","timestamp":"2025-01-02T03:04:05Z","metadata":{"tenant":"t"},"list":[1.5,null],"map":{"k":true},"value":{"deep":["x"]}}"#;
    assert_eq!(log.take(), [format!("dynamic.unknown {frame}")]);
}

#[tokio::test]
async fn a_wrong_argument_is_named_and_nobody_is_called() {
    let (bus, log) = with_log();
    for (event, path, message) in [
        (
            booking().with("party_size", "four"),
            "party_size",
            "cannot decode `dynamic.booking`: at `party_size`: invalid type: string \"four\", expected u32",
        ),
        (
            booking().with("names", json!(["a", 5])),
            "names[1]",
            "cannot decode `dynamic.booking`: at `names[1]`: invalid type: integer `5`, expected a string",
        ),
        (
            DynamicEvent::new("dynamic.booking").with("party_size", 4),
            "",
            "cannot decode `dynamic.booking`: missing field `names`",
        ),
        (
            booking().with("code", "4711"),
            "code",
            "cannot decode `dynamic.booking`: at `code`: a sensitive value is not what its type says",
        ),
    ] {
        let error = bus.emit_dynamic(event).await.unwrap_err();
        assert_eq!(error.to_string(), message);
        let DynamicError::Decode(error) = error else { panic!("{error}") };
        assert_eq!((error.path(), error.place()), (path, None));
        assert!(matches!(error.kind(), DecodeErrorKind::Payload(_)));
        assert_eq!(log.take(), ["atoms.event.invalid known"]);
    }
}

#[tokio::test]
async fn what_is_no_event_is_told_why() {
    let (bus, log) = with_log();
    for event_type in ["", "Dynamic.Booking", "dynamic..booking", "dynamic.1", "a b"] {
        let error = bus.emit_dynamic(DynamicEvent::new(event_type)).await.unwrap_err();
        let expected = format!("{event_type:?} is not a valid type string: a type string has at most ");
        assert!(error.to_string().starts_with(&expected), "{error}");
        assert!(matches!(error, DynamicError::EventType { .. }), "{error:?}");
    }
    for (name, fix) in [
        ("type", "`DynamicEvent::new` takes it"),
        ("id", "`with_id` sets it"),
        ("timestamp", "`with_timestamp` sets it"),
        ("metadata", "`with_metadata` sets it"),
    ] {
        let error = bus.emit_dynamic(booking().with(name, "x")).await.unwrap_err();
        let expected = format!("`dynamic.booking` cannot have an argument `{name}`, ");
        assert!(error.to_string().starts_with(&expected) && error.to_string().ends_with(fix), "{error}");
        assert!(matches!(error, DynamicError::EnvelopeKey { .. }), "{error:?}");
    }
    let no_json = BTreeMap::from([(vec![1], 2)]);
    let error = bus.emit_dynamic(booking().with("map", no_json)).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the argument `map` of `dynamic.booking` cannot be written: key must be a string"
    );
    assert!(std::error::Error::source(&error).is_some());
    assert!(log.take().is_empty());
}

#[tokio::test]
async fn what_was_refused_is_an_invalid_event() {
    #[handler]
    fn note(invalid: &EventInvalid, log: State<Log>) {
        log.add(format!("{:?} {:?}", invalid.event_type, invalid.paths));
    }

    let log = Arc::new(Log::default());
    let bus = bus().handler::<reserve>().handler::<note>().shared_state(Arc::clone(&log)).start().unwrap();
    bus.emit_dynamic(booking().with("party_size", -4)).await.unwrap_err();
    assert_eq!(log.take(), [r#"Some("dynamic.booking") ["party_size"]"#]);
}

/// The frame of an unknown event says it as well.
#[tokio::test]
async fn it_follows_from_the_event_whose_handler_emits_it() {
    #[handler]
    async fn relay(_: &Asked, context: Context) {
        let receipt = context.bus().emit_dynamic(booking()).await.unwrap();
        receipt.into_result().unwrap();
        let unknown = DynamicEvent::new("dynamic.unknown");
        context.bus().emit_dynamic(unknown).await.unwrap().into_result().unwrap();
    }

    let log = Arc::new(Log::default());
    let bus = bus().handler::<relay>().handler::<reserve>().shared_state(Arc::clone(&log)).start().unwrap();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let keep = Arc::clone(&seen);
    bus.on_any(move |event| keep.lock().unwrap().push(event.clone())).detach();
    bus.emit(Envelope::new(Asked {}).with_id("root".parse().unwrap())).await.into_result().unwrap();
    let seen = seen.lock().unwrap();
    let types: Vec<_> = seen.iter().map(AnyEvent::event_type).collect();
    assert_eq!(types, ["dynamic.asked", "dynamic.booking", "dynamic.unknown"]);
    for event in &seen[1..] {
        assert_eq!(event.metadata().causation_id(), Some("root"));
        assert_eq!((event.metadata().correlation_id(), event.hops()), (Some("root"), 1));
    }
    let raw: Value = serde_json::from_slice(seen[2].as_raw().unwrap().frame()).unwrap();
    assert_eq!(raw["metadata"]["causation_id"], "root");
    assert_eq!(raw["id"], seen[2].id().to_string());
}

#[tokio::test]
async fn one_that_must_be_handled_and_is_not_is_in_the_receipt() {
    let bus = bus().event::<Promised>().start().unwrap();
    let receipt = bus.emit_dynamic(DynamicEvent::new("dynamic.promised")).await.unwrap();
    assert!(receipt.is_unhandled());
    receipt.into_result().unwrap_err();
}

#[test]
fn its_arguments_are_those_of_the_newest_version_or_of_the_one_it_says() {
    let bus = bus().event::<Table>().start().unwrap();
    let table = |event: DynamicEvent| {
        let event = event.into_event(bus.registry())?;
        Ok::<_, DynamicError>(event.downcast_ref::<Table>().expect("a table").number)
    };
    assert_eq!(table(DynamicEvent::new("dynamic.table").with("number", 5)).unwrap(), 5);
    assert!(table(DynamicEvent::new("dynamic.table").with("number", "5")).is_err());
    let of_version = |version: &str| {
        let metadata = Metadata::from_iter([("schema_version", version)]);
        DynamicEvent::new("dynamic.table").with_metadata(metadata).with("number", "5")
    };
    assert_eq!(table(of_version("1")).unwrap(), 5);
    let error = table(of_version("3")).unwrap_err();
    assert!(error.to_string().contains("at `metadata.schema_version`: the frame is of version 3"), "{error}");
}

#[test]
fn a_second_argument_of_a_name_replaces_the_first() {
    let event = booking().with("party_size", 7).with("code", Some(1)).into_event(Registry::linked()).unwrap();
    let expected = Booking { party_size: 7, names: vec!["a".into(), "b".into()], code: Some(1) };
    assert_eq!(event.downcast_ref::<Booking>().unwrap().event(), &expected);
}

#[test]
fn what_is_shown_of_it_has_no_values() {
    let shown = format!("{:?}", booking().with("code", 4711));
    assert!(shown.contains("party_size") && shown.contains("code") && !shown.contains("4711"), "{shown}");
}
