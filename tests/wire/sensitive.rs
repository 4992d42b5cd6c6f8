//! Sensitive values travel on the wire, and show nowhere else.

use atoms::prelude::*;
use serde::{Deserialize, Serialize};

use crate::{decode, encode};

#[event(type = "test.sensitive")]
struct Card {
    owner: String,
    #[event(sensitive)]
    #[serde(rename = "cardNumber")]
    number: String,
    #[event(sensitive)]
    limit: Option<u32>,
}

const FRAME: &str = r#"{"type":"test.sensitive","owner":"o","cardNumber":"4111","limit":77}"#;

#[test]
fn debug_shows_that_something_is_there_and_no_more() {
    let event = decode(FRAME).unwrap();
    for shown in [format!("{event:?}"), format!("{:#?}", event.downcast_ref::<Card>().unwrap().event())] {
        assert!(!shown.contains("4111") && !shown.contains("77"), "{shown}");
        assert!(shown.contains("[redacted]") && shown.contains("owner"), "{shown}");
    }
    let card = event.downcast_ref::<Card>().unwrap();
    assert_eq!((card.owner.as_str(), card.number.as_str(), card.limit), ("o", "4111", Some(77)));
}

#[test]
fn the_wire_carries_it() {
    let frame = encode(&decode(FRAME).unwrap());
    assert!(frame.contains(r#""cardNumber":"4111""#) && frame.contains(r#""limit":77"#), "{frame}");
}

#[test]
fn an_error_names_the_field_and_keeps_the_value() {
    let error = decode(&FRAME.replace("77", r#""secret""#)).unwrap_err();
    assert_eq!(error.path(), "limit");
    assert!(error.to_string().contains("a sensitive value is not what its type says"), "{error}");
    let all = format!("{error} {error:?}");
    assert!(!all.contains("secret"), "{all}");

    let error = decode(&FRAME.replace(r#""o""#, "5")).unwrap_err();
    assert!(error.to_string().contains("invalid type: integer `5`, expected a string"), "{error}");
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Plan {
    Free,
    Paid,
}

/// A number with a checksum.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "String")]
struct Checked(String);

impl TryFrom<String> for Checked {
    type Error = String;

    fn try_from(number: String) -> Result<Self, String> {
        if number.ends_with('0') { Ok(Self(number)) } else { Err(format!("{number} has a bad checksum")) }
    }
}

#[event(type = "test.secrets")]
struct Secrets {
    #[event(sensitive)]
    plan: Plan,
    #[event(sensitive)]
    checked: Checked,
}

#[test]
fn no_kind_of_error_shows_the_value() {
    for frame in [
        r#"{"type":"test.secrets","plan":"hunter2","checked":"0"}"#,
        r#"{"type":"test.secrets","plan":"free","checked":"hunter2"}"#,
        r#"{"type":"test.secrets","checked":"hunter2","plan":"free"}"#,
        r#"{"type":"test.secrets","plan":{"hunter2":1},"checked":"0"}"#,
    ] {
        let error = decode(frame).unwrap_err();
        let source = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
        let all = format!("{error} {error:?} {source}");
        assert!(!all.contains("hunter2"), "{all}");
    }
    let missing = decode(r#"{"type":"test.secrets","plan":"free"}"#).unwrap_err();
    assert!(missing.to_string().contains("missing field `checked`"), "{missing}");
    let event = decode(r#"{"type":"test.secrets","plan":"paid","checked":"10"}"#).unwrap();
    let secrets = event.downcast_ref::<Secrets>().unwrap();
    assert!(matches!(secrets.plan, Plan::Paid) && secrets.checked.0 == "10");
}

#[test]
fn a_message_quotes_no_more_of_a_value_than_one_can_read() {
    let error = decode(&format!(r#"{{"type":"test.one","n":"{}"}}"#, "é".repeat(100_000))).unwrap_err();
    assert_eq!(error.path(), "n");
    assert!(error.to_string().len() < 400, "{}", error.to_string().len());
    assert!(error.to_string().contains("expected "), "{error}");
}
