//! The id, the timestamp and the metadata.

use atoms::{AnyEvent, Envelope, Metadata};

use super::events::One;
use super::{encode, read, refusal};

#[test]
fn what_is_missing_is_made_once() {
    let before = atoms::Timestamp::now();
    let event = read::<One>(r#"{"type":"test.one","n":5}"#);
    assert_eq!(event.id(), event.id());
    assert_eq!(event.timestamp(), event.timestamp());
    assert!(event.timestamp() >= before && event.metadata().is_empty());
    assert_eq!(event.id(), read::<One>(&encode(&AnyEvent::from(event.clone()))).id());
}

#[test]
fn times_are_read_in_every_offset_and_in_none() {
    for (text, written) in [
        ("2025-01-02T03:04:05.678901", "2025-01-02T03:04:05.678901Z"),
        ("2025-01-02T03:04:05", "2025-01-02T03:04:05Z"),
        ("2025-01-02T03:04:05.5Z", "2025-01-02T03:04:05.500000Z"),
        ("2025-01-02T03:04:05+00:00", "2025-01-02T03:04:05Z"),
        ("2025-01-02T03:04:05-00:00", "2025-01-02T03:04:05Z"),
        ("2025-01-02T03:04:05-03:30", "2025-01-02T03:04:05-03:30"),
        ("2025-01-02T03:04:05-00:30", "2025-01-02T03:04:05-00:30"),
        ("0001-01-01T00:00:00+23:59", "0001-01-01T00:00:00+23:59"),
        ("9999-12-31T23:59:59.999999-23:59", "9999-12-31T23:59:59.999999-23:59"),
    ] {
        let event = read::<One>(&format!(r#"{{"type":"test.one","n":5,"timestamp":"{text}"}}"#));
        let frame = encode(&AnyEvent::from(event.clone()));
        assert!(frame.contains(&format!(r#""timestamp":"{written}""#)), "{frame}");
        assert_eq!(read::<One>(&frame).timestamp().unix_micros(), event.timestamp().unix_micros());
    }
}

#[test]
fn metadata_is_written_only_if_there_is_some() {
    let event = Envelope::new(One { n: 5 }).with_id("o-1".parse().unwrap());
    assert!(!encode(&AnyEvent::from(event.clone())).contains("metadata"));
    let mut metadata = Metadata::new();
    metadata.set_correlation_id("c-1");
    metadata.insert("nested", serde_json::json!({"type": "x", "list": [1, null]}));
    let frame = encode(&AnyEvent::from(event.with_metadata(metadata.clone())));
    assert!(frame.starts_with(r#"{"type":"test.one","id":"o-1","timestamp":""#), "{frame}");
    assert!(frame.ends_with(r#","n":5}"#), "{frame}");
    assert_eq!(read::<One>(&frame).metadata(), &metadata);
}

#[test]
fn metadata_is_no_larger_than_it_may_be() {
    for value in [
        serde_json::json!("x".repeat(70_000)),
        serde_json::json!(vec![0; 70_000]),
        serde_json::json!({"k": {"l": "x".repeat(70_000)}}),
    ] {
        let error = super::decode(&format!(r#"{{"type":"test.one","n":5,"metadata":{{"key":{value}}}}}"#))
            .unwrap_err();
        assert_eq!(error.path(), "metadata");
        assert!(error.to_string().contains("metadata takes at most 65536 bytes, and this takes "), "{error}");
        let event = Envelope::new(One { n: 5 }).with_metadata([("key", value.clone())].into_iter().collect());
        let error = super::BUS.encode(&event.into()).unwrap_err();
        assert_eq!(error.path(), "metadata");

        // Of an unknown type it is the payload's business.
        let raw = super::decode(&format!(r#"{{"type":"no.such","metadata":{{"key":{value}}}}}"#)).unwrap();
        assert!(raw.metadata().is_empty());
    }
    let frame = format!(r#"{{"type":"test.one","n":5,"metadata":{{"key":"{}"}}}}"#, "x".repeat(60_000));
    assert_eq!(encode(&super::decode(&frame).unwrap()).matches('x').count(), 60_000);
}

#[test]
fn a_broken_envelope_is_refused() {
    let long = format!("\"{}\"", "x".repeat(129));
    for (key, value, expected) in [
        ("id", "\"\"", "an event id must not be empty"),
        ("id", long.as_str(), "an event id must have at most 128 bytes, and this one has 129"),
        (
            "id",
            r#""x\n\u001b[31m""#,
            "an event id must have no control characters, and this one has U+000A at byte 1",
        ),
        (
            "id",
            "\"x\u{9b}\"",
            "an event id must have no control characters, and this one has U+009B at byte 1",
        ),
        (
            "id",
            "\"\u{202e}x\"",
            "an event id must have no control characters, and this one has U+202E at byte 0",
        ),
        ("id", "5", "invalid type: integer `5`, expected an event id"),
        ("timestamp", "5", "invalid type: integer `5`, expected a time such as"),
        ("timestamp", "\"2025-01-02\"", "`2025-01-02` is not a time such as"),
        ("timestamp", "null", "invalid type: null, expected a time such as"),
        ("metadata", "[]", "invalid type: sequence, expected an object"),
        ("metadata", "\"{}\"", "invalid type: string \"{}\", expected an object"),
    ] {
        for frame in [
            format!(r#"{{"type":"test.one","n":5,"{key}":{value}}}"#),
            format!(r#"{{"{key}":{value},"n":5,"type":"test.one"}}"#),
        ] {
            let message = refusal(&frame);
            assert!(message.contains(&format!("at `{key}`, line 1 column ")), "{message}");
            assert!(message.contains(expected), "{message}");
        }
    }
}

#[test]
fn an_id_or_metadata_of_null_is_missing() {
    for frame in [
        r#"{"type":"test.one","n":5,"id":null,"metadata":null}"#,
        r#"{"metadata":null,"id":null,"n":5,"type":"test.one"}"#,
        r#"{"type":"test.strict","n":5,"id":null,"metadata":null}"#,
        r#"{"type":"test.unit","id":null,"metadata":null}"#,
        r#"{"type":"agent.ready","id":null,"metadata":null}"#,
    ] {
        let event = super::decode(frame).unwrap_or_else(|error| panic!("{error}: {frame}"));
        assert!(event.metadata().is_empty() && !encode(&event).contains("null"), "{}", encode(&event));
        assert_eq!(event.id(), event.id());
    }
    for key in ["id", "metadata"] {
        for twice in [("null", "null"), ("null", "{}")] {
            let frame = format!(r#"{{"type":"test.one","n":5,"{key}":{},"{key}":{}}}"#, twice.0, twice.1);
            assert!(refusal(&frame).contains(&format!("duplicate field `{key}`")), "{frame}");
        }
    }
}

#[test]
fn what_a_client_sends_is_shown_on_one_line() {
    for frame in [
        "{\"type\":\"test.strict\",\"n\":5,\"a\\n\\u001b[31mERROR\u{202e}\":1}",
        "{\"type\":\"test.tree\",\"tree\":{\"number\":1,\"items\":[],\"rows\":[],\"named\":{\"a\\n\\u001b[31mERROR\u{202e}\":1}}}",
        "{\"type\":\"test.one\",\"n\":\"a\\n\\u001b[31mERROR\u{202e}\"}",
        "{\"type\":\"test.one\",\"n\":5,\"timestamp\":\"a\\n\\u001b[31mERROR\u{202e}\"}",
        "{\"type\":\"a\\n\\u001b[31mERROR\u{202e}\"",
    ] {
        for frame in [frame.to_owned(), frame.replace("ERROR", &"é".repeat(5_000))] {
            let error = super::decode(&frame).unwrap_err();
            let mut source: Option<&dyn std::error::Error> = Some(&error);
            while let Some(error) = source {
                let message = error.to_string();
                assert!(
                    !message.contains(['\n', '\u{1b}', '\u{202e}']) && message.len() < 1_500,
                    "{message:?}"
                );
                source = error.source();
            }
            assert!(!error.path().contains(['\n', '\u{1b}', '\u{202e}']) && error.path().len() < 300);
            assert!(!format!("{error:?}").contains(['\n', '\u{1b}', '\u{202e}']));
        }
    }
}

#[test]
fn the_type_is_checked_when_serde_reads_an_envelope() {
    let read = |frame| serde_json::from_str::<Envelope<One>>(frame).map(|event| event.n);
    assert_eq!(read(r#"{"n":5,"type":"test.one"}"#).unwrap(), 5);
    for (frame, expected) in [
        (r#"{"n":5}"#, "missing field `type`"),
        (r#"{"type":"test.two","n":5}"#, "invalid value: string \"test.two\", expected the type `test.one`"),
        (r#"[5]"#, "invalid type: sequence, expected an object"),
    ] {
        let message = read(frame).unwrap_err().to_string();
        assert!(message.starts_with(expected), "{message}");
    }
}
