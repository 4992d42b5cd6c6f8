//! An event in three versions, and what travels in them.

use atoms::prelude::*;
use atoms::{Event, EventId, Metadata};
use proptest::prelude::*;

use super::{decode, encode, of_version, read};

#[event(type = "versions.booking")]
#[derive(PartialEq)]
pub(crate) struct BookingV1 {
    pub(crate) name: String,
}

#[event(type = "versions.booking", version = 2, upcasts = BookingV1)]
#[derive(PartialEq)]
pub(crate) struct BookingV2 {
    first: String,
    last: String,
}

#[event(type = "versions.booking", version = 3, upcasts = BookingV2, deny_unknown_fields)]
#[derive(PartialEq)]
pub(crate) struct Booking {
    pub(crate) first: String,
    pub(crate) last: String,
    pub(crate) guests: u32,
}

impl From<BookingV1> for BookingV2 {
    fn from(old: BookingV1) -> Self {
        let (first, last) = old.name.split_once(' ').unwrap_or((&old.name, ""));
        Self { first: first.into(), last: last.into() }
    }
}

impl From<BookingV2> for Booking {
    fn from(BookingV2 { first, last }: BookingV2) -> Self {
        Self { first, last, guests: 1 }
    }
}

/// An event with one version.
#[event(type = "versions.greeting")]
pub(crate) struct Greeting {
    text: String,
}

/// An old version may be deprecated.
#[deprecated]
#[event(type = "versions.card", version = 1)]
struct CardV1 {
    #[event(sensitive)]
    code: u32,
}

#[event(type = "versions.card", version = 2, upcasts = CardV1)]
pub(crate) struct Card {
    code: u32,
}

#[expect(deprecated)]
impl From<CardV1> for Card {
    fn from(old: CardV1) -> Self {
        Self { code: old.code }
    }
}

fn booking(first: &str, last: &str, guests: u32) -> Booking {
    Booking { first: first.into(), last: last.into(), guests }
}

#[test]
fn every_version_arrives_as_the_newest() {
    let no_version = r#"{"type":"versions.booking","name":"Ada Lovelace"}"#;
    assert_eq!(read::<Booking>(no_version).event(), &booking("Ada", "Lovelace", 1));
    for version in ["1", "\"1\"", "null"] {
        let frame = of_version(version, r#""name":"Ada Lovelace""#);
        assert_eq!(read::<Booking>(&frame).event(), &booking("Ada", "Lovelace", 1), "{frame}");
    }
    for version in ["2", "\"2\""] {
        let frame = of_version(version, r#""first":"Ada","last":"L""#);
        assert_eq!(read::<Booking>(&frame).event(), &booking("Ada", "L", 1), "{frame}");
    }
    for version in ["3", "\"3\""] {
        let frame = of_version(version, r#""first":"Ada","last":"L","guests":4"#);
        assert_eq!(read::<Booking>(&frame).event(), &booking("Ada", "L", 4), "{frame}");
    }
}

#[test]
fn the_version_is_found_wherever_it_stands() {
    for frame in [
        r#"{"first":"Ada","last":"L","metadata":{"a":{"schema_version":"1"},"schema_version":"2"},"type":"versions.booking"}"#,
        r#"{"type":"versions.booking","m\u0065tadata":{"schema\u005fversion":"\u0032"},"first":"Ada","last":"L"}"#,
        r#"{"type":"versions.booking","metadata":{"schema_version":1,"schema_version":2},"first":"Ada","last":"L"}"#,
        r#"{"type":"versions.booking","metadata":{"schema_version":"2"},"first":"Ada","last":"L","schema_version":"3"}"#,
    ] {
        assert_eq!(read::<Booking>(frame).event(), &booking("Ada", "L", 1), "{frame}");
    }
}

#[test]
fn the_envelope_stays_and_the_version_becomes_the_newest() {
    let old = r#"{"type":"versions.booking","id":"b-1","timestamp":"2025-01-02T03:04:05Z","metadata":{"correlation_id":"c-1","schema_version":"1","tenant":7},"name":"Ada L"}"#;
    let read = read::<Booking>(old);
    assert_eq!(read.id(), &"b-1".parse::<EventId>().unwrap());
    assert_eq!(read.timestamp().to_string(), "2025-01-02T03:04:05Z");
    assert_eq!(
        (read.metadata().correlation_id(), read.metadata().schema_version()),
        (Some("c-1"), Some("1"))
    );
    let new = r#"{"type":"versions.booking","id":"b-1","timestamp":"2025-01-02T03:04:05Z","metadata":{"correlation_id":"c-1","tenant":7,"schema_version":"3"},"first":"Ada","last":"L","guests":1}"#;
    assert_eq!(encode(read), new);
    assert_eq!(encode(super::read::<Booking>(new)), new);
}

#[test]
fn a_later_version_is_always_written_and_the_first_never() {
    let metadata = |version: &str| Metadata::from_iter([("schema_version", version)]);
    let id = |text: &str| text.parse::<EventId>().unwrap();
    for envelope in [
        Envelope::new(booking("a", "b", 1)),
        Envelope::new(booking("a", "b", 1)).with_metadata(metadata("1")),
        Envelope::new(booking("a", "b", 1)).with_metadata(metadata("99")),
    ] {
        let frame = encode(envelope.with_id(id("b-1")));
        assert!(frame.contains(r#","metadata":{"schema_version":"3"},"first":"a""#), "{frame}");
        assert_eq!(read::<Booking>(&frame).event(), &booking("a", "b", 1));
    }
    for version in ["1", "99"] {
        let envelope = Envelope::new(Greeting { text: "hello".into() }).with_metadata(metadata(version));
        let frame = encode(envelope);
        assert!(!frame.contains("metadata"), "{frame}");
        assert_eq!(read::<Greeting>(&frame).text, "hello");
    }
}

/// Serde alone has no frame to read twice.
#[test]
fn as_serde_reads_it_an_envelope_is_of_its_own_version() {
    let frame = of_version("\"3\"", r#""first":"a","last":"b","guests":1"#);
    assert_eq!(serde_json::from_str::<Envelope<Booking>>(&frame).unwrap().event(), &booking("a", "b", 1));
    let old = of_version("\"2\"", r#""first":"a","last":"b""#);
    assert_eq!(serde_json::from_str::<Envelope<BookingV2>>(&old).unwrap().last, "b");
    let error = serde_json::from_str::<Envelope<Booking>>(&frame.replace("\"3\"", "\"2\"")).unwrap_err();
    let expected = "the frame is of version \"2\", and version 3 was expected";
    assert!(error.to_string().starts_with(expected), "{error}");
}

#[tokio::test]
async fn a_handler_gets_the_newest_and_what_it_writes_is_the_newest() {
    #[handler]
    fn answer(booking: &Booking) -> Greeting {
        Greeting { text: format!("hello, {}, party of {}", booking.last, booking.guests) }
    }

    let bus = Bus::builder().without_discovery().handler::<answer>().start().unwrap();
    let mut greetings = bus.stream::<Greeting>();
    let frame = r#"{"type":"versions.booking","name":"Ada Lovelace"}"#;
    bus.receive(frame.as_bytes()).await.unwrap().into_result().unwrap();
    let greeting = greetings.next().await.unwrap().unwrap();
    assert_eq!(greeting.text, "hello, Lovelace, party of 1");
}

proptest! {
    #[test]
    fn any_frame_of_the_first_version_arrives_as_the_newest(
        name in any::<String>(), id in "[!-~]{1,40}", tenant in any::<Option<String>>(), says in any::<bool>(),
    ) {
        let mut metadata = Metadata::new();
        tenant.iter().for_each(|tenant| drop(metadata.insert("tenant", tenant.as_str())));
        let mut old = serde_json::json!({
            "type": BookingV1::TYPE, "id": id, "timestamp": "2025-01-02T03:04:05Z", "metadata": metadata,
            "name": name,
        });
        if says {
            old["metadata"]["schema_version"] = "1".into();
        }
        let read = decode(&old.to_string()).unwrap().downcast::<Booking>().unwrap();
        prop_assert_eq!(read.event(), &Booking::from(BookingV2::from(BookingV1 { name })));
        prop_assert_eq!(read.id().to_string(), id);
        prop_assert_eq!(read.metadata().get("tenant").and_then(|it| it.as_str()), tenant.as_deref());
        let new = encode(Envelope::clone(&read));
        let back = super::read::<Booking>(&new);
        prop_assert_eq!(back.event(), read.event());
        prop_assert_eq!(back.timestamp(), read.timestamp());
        prop_assert_eq!(encode(back), new);
    }
}
