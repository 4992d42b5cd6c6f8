//! What is written is read as the same event.

use atoms::{AnyEvent, Envelope, EventId, Metadata, Timestamp};
use proptest::collection::btree_map;
use proptest::prelude::*;

use super::events::{Kinds, Unit, kinds, text};
use super::{encode, read};

/// Any id: text of 1 to 128 bytes, or a UUID.
fn id() -> impl Strategy<Value = EventId> {
    let uuid = Just(()).prop_map(|()| EventId::generate());
    let text = text().prop_filter_map("1 to 128 bytes", |text| text.parse().ok());
    prop_oneof![uuid, text]
}

/// Any time of the years 1 to 9999, in any offset.
fn timestamp() -> impl Strategy<Value = Timestamp> {
    let date = (1..=9999_u16, 1..=12_u8, 1..=28_u8, 0..24_u8, 0..60_u8, 0..60_u8);
    (date, 0..1_000_000_u32, any::<bool>(), 0..24_u8, 0..60_u8).prop_map(
        |((year, month, day, hour, minute, second), micro, west, hours, minutes)| {
            let sign = if west { '-' } else { '+' };
            let time = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{micro:06}");
            format!("{time}{sign}{hours:02}:{minutes:02}").parse().unwrap()
        },
    )
}

fn metadata() -> impl Strategy<Value = Metadata> {
    btree_map(text(), text(), 0..4).prop_map(Metadata::from_iter)
}

proptest! {
    #[test]
    fn an_event_of_any_fields_comes_back(
        event in kinds(), id in id(), timestamp in timestamp(), metadata in metadata(),
    ) {
        let envelope = Envelope::new(event).with_id(id).with_timestamp(timestamp).with_metadata(metadata);
        let frame = encode(&AnyEvent::from(envelope.clone()));
        let back = read::<Kinds>(&frame);
        prop_assert_eq!(back.event(), envelope.event());
        prop_assert_eq!(back.id(), envelope.id());
        prop_assert_eq!(back.timestamp(), envelope.timestamp());
        prop_assert_eq!(back.timestamp().to_string(), envelope.timestamp().to_string());
        prop_assert_eq!(back.metadata(), envelope.metadata());
        prop_assert_eq!(encode(&AnyEvent::from(back)), frame);
    }

    #[test]
    fn serde_sees_the_same_envelope_as_the_bus(event in kinds()) {
        let envelope = Envelope::new(event);
        let frame = serde_json::to_string(&envelope).unwrap();
        prop_assert_eq!(&frame, &encode(&AnyEvent::from(envelope.clone())));
        let texts: [Envelope<Kinds>; 3] = [
            serde_json::from_str(&frame).unwrap(),
            serde_json::from_slice(frame.as_bytes()).unwrap(),
            serde_json::from_reader(frame.as_bytes()).unwrap(),
        ];
        for back in texts {
            prop_assert_eq!(back.event(), envelope.event());
            prop_assert_eq!(back.id(), envelope.id());
        }
    }
}

#[test]
fn a_unit_struct_is_an_empty_object() {
    let frame = encode(&AnyEvent::from(Envelope::new(Unit).with_id("u-1".parse().unwrap())));
    assert!(frame.starts_with(r#"{"type":"test.unit","id":"u-1","timestamp":"2"#), "{frame}");
    assert_eq!(read::<Unit>(&frame).id(), &"u-1");
    assert_eq!(read::<Unit>(r#"{"type":"test.unit","more":[{}]}"#).event(), &Unit);
}

#[test]
fn an_envelope_goes_through_a_value() {
    let value = serde_json::json!({"n": 5, "type": "test.one", "id": "o-1"});
    let envelope: Envelope<super::events::One> = serde_json::from_value(value).unwrap();
    assert_eq!((envelope.n, envelope.id().to_string()), (5, "o-1".to_owned()));
    assert_eq!(serde_json::to_value(&envelope).unwrap()["n"], 5);
}

#[test]
fn a_large_frame_comes_back() {
    let text = "x\"é".repeat(200_000);
    let frame = serde_json::json!({"type": "test.any", "value": text}).to_string();
    assert!(frame.len() > 1_000_000, "{}", frame.len());
    let event = read::<super::events::AnyJson>(&frame);
    assert_eq!(event.value, text.as_str());
}
