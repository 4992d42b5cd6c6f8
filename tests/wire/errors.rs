//! What is said of frames that are wrong.

use super::{decode, refusal};

#[test]
fn a_message_says_what_is_wrong_and_where() {
    for (frame, expected) in [
        ("{}", "cannot decode the frame: at line 1 column 2: missing field `type`"),
        (
            "{\"type\":5}",
            "cannot decode the frame: at `type`, line 1 column 9: invalid type: integer `5`, expected a string",
        ),
        (r#"{"type":"test.one"}"#, "cannot decode `test.one`: at line 1 column 19: missing field `n`"),
        (
            r#"{"type":"test.one","n":-5}"#,
            "cannot decode `test.one`: at `n`, line 1 column 25: invalid value: integer `-5`, expected u32",
        ),
        (
            r#"{"n":"5","type":"test.one"}"#,
            "cannot decode `test.one`: at `n`, line 1 column 8: invalid type: string \"5\", expected u32",
        ),
        (
            "{\n  \"type\": \"test.one\",\n  \"n\": null\n}",
            "cannot decode `test.one`: at `n`, line 3 column 11: invalid type: null, expected u32",
        ),
        (r#"{"type":"test.one","n":5,}"#, "cannot decode `test.one`: at line 1 column 26: trailing comma"),
        (
            r#"{"type":"test.one","n":5} x"#,
            "cannot decode `test.one`: at line 1 column 27: trailing characters",
        ),
        (
            r#"{"type":"test.strict","n":5,"more":6}"#,
            "cannot decode `test.strict`: at `more`, line 1 column 34: unknown field `more`, expected `n`",
        ),
    ] {
        assert_eq!(refusal(frame), expected, "{frame}");
    }
}

#[test]
fn a_strict_event_refuses_what_it_does_not_declare_but_not_the_envelope() {
    let envelope = r#""id":"x","metadata":{"a":1},"timestamp":"2025-01-02T03:04:05Z""#;
    for (event_type, fields) in
        [("test.strict", "\"n\":5,"), ("test.unit.strict", ""), ("test.braces.strict", "")]
    {
        let frame = format!(r#"{{"type":"{event_type}",{fields}{envelope}}}"#);
        assert!(decode(&frame).is_ok(), "{frame}");
        let frame = format!(r#"{{"more":[1],"type":"{event_type}",{fields}{envelope}}}"#);
        let message = refusal(&frame);
        let expected =
            format!("cannot decode `{event_type}`: at `more`, line 1 column 7: unknown field `more`");
        assert!(message.starts_with(&expected), "{message}");
    }
}

#[test]
fn an_error_has_its_parts() {
    let error = decode("{\"type\":\"test.one\",\n\"n\":[]}").unwrap_err();
    assert_eq!(error.event_type(), Some("test.one"));
    assert_eq!(error.path(), "n");
    assert_eq!(error.place().map(|place| (place.line, place.column)), Some((2, 4)));
    assert!(matches!(error.kind(), atoms::DecodeErrorKind::Payload(_)));
    assert!(std::error::Error::source(&error).is_some());
}
