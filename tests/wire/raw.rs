//! Events of types that nobody here knows are carried on byte for byte.

use atoms::Timestamp;
use proptest::prelude::*;

use super::{decode, encode, refusal};

#[test]
fn a_frame_of_an_unknown_type_is_kept_to_the_byte() {
    for frame in [
        r#"{"type":"no.such"}"#,
        "  {\t\"z\" : 1 ,\r\n \"type\":\"no.such\"\n, \"a\":[ ] }\n ",
        r#"{"n":123456789012345678901234567890,"f":1E5,"g":-0.0,"h":1e999,"type":"no.such"}"#,
        r#"{"type":"no.such","a":1,"a":2,"s":"\ud800\/\u0041","k":{"type":5,"type":6}}"#,
        r#"{"\u0074ype":"no\u002esuch","y":"z"}"#,
        r#"{"type":"no.such","id":"r-1","timestamp":"2025-01-02T03:04:05+05:30","metadata":{"k":[1,null]}}"#,
    ] {
        let event = decode(frame).unwrap();
        assert_eq!(event.event_type(), "no.such");
        assert_eq!(event.as_raw().unwrap().frame(), frame.as_bytes());
        assert_eq!(encode(&event), frame);
        assert_eq!(encode(&event.clone()), frame);
        assert!(event.known_type().is_none());
    }
}

#[test]
fn its_envelope_is_read_where_there_is_one() {
    let frame =
        r#"{"metadata":{"source":"s"},"id":"r-1","timestamp":"2025-01-02T03:04:05","type":"no.such"}"#;
    let event = decode(frame).unwrap();
    assert_eq!(event.id(), &"r-1");
    assert_eq!(event.timestamp().to_string(), "2025-01-02T03:04:05Z");
    assert_eq!(event.metadata().source(), Some("s"));

    let before = Timestamp::now();
    let event = decode(r#"{"type":"no.such"}"#).unwrap();
    assert_eq!(event.id(), event.id());
    assert!(event.timestamp() >= before && event.metadata().is_empty());
}

#[test]
fn it_has_to_be_sound() {
    for (frame, expected) in [
        (
            r#"{"type":"no.such","a":trux}"#,
            "cannot decode `no.such`: at `a`, line 1 column 26: expected ident",
        ),
        (r#"{"type":"no.such"}}"#, "cannot decode `no.such`: at line 1 column 19: trailing characters"),
        (
            r#"{"type":"no.such","a":[1,x]}"#,
            "cannot decode `no.such`: at `a[1]`, line 1 column 26: expected value",
        ),
    ] {
        assert_eq!(refusal(frame), expected);
    }
}

#[test]
fn what_it_means_by_the_keys_of_the_envelope_is_its_own_business() {
    for frame in [
        r#"{"type":"no.such","id":7,"timestamp":"yesterday","metadata":null}"#,
        r#"{"type":"no.such","timestamp":1735787045,"id":null,"metadata":[1]}"#,
    ] {
        let event = decode(frame).unwrap_or_else(|error| panic!("{error}"));
        assert!(event.metadata().is_empty());
        assert_eq!(encode(&event), frame);
    }
    let event = decode(r#"{"type":"no.such","id":"evt-1","metadata":{"source":"s"}}"#).unwrap();
    assert_eq!((event.id().to_string().as_str(), event.metadata().source()), ("evt-1", Some("s")));
    assert!(refusal(r#"{"type":"no.such","id":"a","id":"b"}"#).contains("duplicate field `id`"));
}

#[test]
fn its_type_is_one_that_a_log_can_show() {
    let long = "x".repeat(129);
    for (event_type, expected) in [
        ("", "the type of an event is not empty"),
        (long.as_str(), "the type of an event has at most 128 bytes, and this one has 129"),
        ("no\nsuch", "the type of an event has no control characters, and this one has U+000A at byte 2"),
        ("\u{1b}[31m", "the type of an event has no control characters, and this one has U+001B at byte 0"),
        ("é\u{202e}x", "the type of an event has no control characters, and this one has U+202E at byte 2"),
    ] {
        for rest in ["", r#","x":"y""#] {
            let text = serde_json::to_string(event_type).unwrap();
            let error = decode(&format!(r#"{{"n":1,"type":{text}{rest}}}"#)).unwrap_err();
            assert!(matches!(error.kind(), atoms::DecodeErrorKind::Envelope(_)));
            assert_eq!((error.event_type(), error.path()), (Some(event_type), "type"));
            assert_eq!(error.place().map(|place| place.column), Some(14 + text.len()));
            let message = error.to_string();
            assert!(
                message.ends_with(expected) && !message.contains(['\n', '\u{1b}', '\u{202e}']),
                "{message}"
            );
            assert!(message.len() < 400, "{message}");
        }
    }
}

proptest! {
    #[test]
    fn a_type_of_any_text_is_found(event_type: String, space in "[ \t\r\n]{0,3}", first: bool) {
        prop_assume!(!event_type.starts_with("test."));
        let text = serde_json::to_string(&event_type).unwrap();
        let rest = if first { r#","x":"y""# } else { "" };
        let frame = format!(r#"{space}{{"n":[{{}}],{space}"type"{space}:{space}{text}{space}{rest}}}"#);
        match decode(&frame) {
            Ok(event) => {
                prop_assert_eq!(event.event_type(), event_type);
                prop_assert_eq!(encode(&event), frame);
            }
            // What is no id is no type of an unknown event.
            Err(error) => prop_assert!(
                error.path() == "type" && event_type.parse::<atoms::EventId>().is_err(), "{}", error
            ),
        }
    }
}
