//! What is said of frames of versions that are not known, and of broken ones of old versions.

use atoms::{Codec, DecodeErrorKind, JsonCodec, Place};

use super::{decode, is_of_version, of_version};

#[test]
fn a_version_that_is_not_known_is_told_with_the_newest_one() {
    for (frame, message) in [
        (
            of_version("\"4\"", r#""whatever":1"#),
            "cannot decode `versions.booking`: at `metadata.schema_version`, line 1 column 59: the frame is of \
             version 4, and the newest one that this program knows is 3",
        ),
        (
            of_version("12", r#""whatever":1"#),
            "cannot decode `versions.booking`: at `metadata.schema_version`, line 1 column 58: the frame is of \
             version 12, and the newest one that this program knows is 3",
        ),
        (
            of_version("\"2.1\"", r#""whatever":1"#),
            "cannot decode `versions.booking`: at `metadata.schema_version`, line 1 column 61: \"2.1\" is not a \
             version, which is a whole number from 1; the newest one that this program knows is 3",
        ),
        (
            of_version("[0]", r#""whatever":1"#),
            "cannot decode `versions.booking`: at `metadata.schema_version`, line 1 column 59: [0] is not a \
             version, which is a whole number from 1; the newest one that this program knows is 3",
        ),
    ] {
        let error = decode(&frame).unwrap_err();
        assert_eq!(error.to_string(), message, "{frame}");
        assert!(is_of_version(&error), "{error:?}");
        assert_eq!(error.event_type(), Some("versions.booking"));
        assert_eq!(error.path(), "metadata.schema_version");
    }
    let error = decode(&of_version("\"0\"", r#""name":"x""#)).unwrap_err();
    let DecodeErrorKind::Version { found, newest } = error.kind() else { panic!("{error}") };
    assert_eq!((found.as_str(), *newest), ("\"0\"", 3));
}

#[test]
fn the_place_of_a_version_counts_lines() {
    let frame = "{\"type\":\"versions.booking\",\n \"metadata\": {\n\"schema_version\": 7}}";
    let error = decode(frame).unwrap_err();
    assert_eq!(error.place(), Some(Place { line: 3, column: 19 }));
}

/// Also of one that has no older ones, whatever its payload is.
#[test]
fn an_event_with_one_version_refuses_others() {
    for fields in [r#""text":"hello""#, r#""words":["hello"]"#] {
        for version in ["2", "\"2\""] {
            let frame = format!(
                r#"{{"type":"versions.greeting",{fields},"metadata":{{"schema_version":{version}}}}}"#
            );
            let error = decode(&frame).unwrap_err();
            assert!(is_of_version(&error), "{error}");
            assert_eq!(error.path(), "metadata.schema_version");
            assert!(error.to_string().ends_with("the newest one that this program knows is 1"), "{error}");
        }
    }
}

#[test]
fn what_is_no_version_belongs_to_others_where_there_is_only_one() {
    for version in ["\"2026-11\"", "\"2.1\"", "{}", "0"] {
        let frame = format!(
            r#"{{"type":"versions.greeting","id":"g-1","timestamp":"2025-01-02T03:04:05Z","metadata":{{"schema_version":{version}}},"text":"hello"}}"#
        );
        let mut written = Vec::new();
        JsonCodec.encode(&decode(&frame).unwrap(), &mut written).unwrap();
        assert_eq!(String::from_utf8(written).unwrap(), frame);
    }
}

#[test]
fn what_is_missing_in_an_old_frame_is_told_of_the_old_struct() {
    let message = |frame: &str| decode(frame).unwrap_err().to_string();
    let unsaid = decode(r#"{"type":"versions.booking","first":"a","last":"b","guests":1}"#).unwrap_err();
    assert_eq!(
        unsaid.to_string(),
        "cannot decode `versions.booking`: at line 1 column 61: missing field `name`; the frame has no \
         `schema_version` in its metadata, so it was read as version 1; the newest one is 3"
    );
    assert_eq!(unsaid.version(), Some(1));
    assert_eq!(
        message(&of_version("2", r#""first":5,"last":"b""#)),
        "cannot decode `versions.booking`: at `first`, line 1 column 68: invalid type: integer `5`, expected a \
         string; the frame was read as version 2, as its `schema_version` says; the newest one is 3"
    );
    // Only the newest denies unknown fields.
    assert!(decode(&of_version("2", r#""first":"a","last":"b","more":1"#)).is_ok());
    let strict = message(&of_version("3", r#""first":"a","last":"b","guests":1,"more":1"#));
    assert!(strict.contains("at `more`") && strict.contains("unknown field `more`"), "{strict}");
    assert!(!strict.contains("was read as"), "{strict}");
}

#[test]
fn a_broken_frame_is_told_of_as_ever() {
    for (frame, part) in [
        (r#"{"type":"versions.booking","metadata":5}"#, "invalid type: integer `5`, expected an object"),
        (r#"{"type":"versions.booking","metadata":{},"metadata":{}}"#, "duplicate field `metadata`"),
        (r#"{"type":"versions.booking","metadata":{"schema_version":"1"}"#, "EOF while parsing an object"),
    ] {
        let error = decode(frame).unwrap_err();
        assert!(!is_of_version(&error) && error.version().is_none(), "{error}");
        assert!(error.to_string().contains(part), "{error}");
    }
}

/// The old struct says which fields are sensitive, and the new one does not.
#[test]
fn no_error_shows_what_was_sensitive_in_the_old_version() {
    let old = r#"{"type":"versions.card","code":"4711"}"#;
    let error = decode(old).unwrap_err();
    assert_eq!(error.path(), "code");
    assert!(!error.to_string().contains("4711") && !format!("{error:?}").contains("4711"), "{error:?}");
    let new = r#"{"type":"versions.card","metadata":{"schema_version":"2"},"code":"4711"}"#;
    assert!(decode(new).unwrap_err().to_string().contains("4711"));
}
