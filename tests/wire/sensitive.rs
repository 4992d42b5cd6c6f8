//! Sensitive values travel on the wire, and show nowhere else.

use std::collections::BTreeMap;

use atoms::prelude::*;
use proptest::prelude::*;
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

/// Names that a path would be split at, and aliases.
#[event(type = "test.sensitive.names")]
#[serde(rename_all = "SCREAMING-KEBAB-CASE")]
struct Named {
    #[event(sensitive)]
    #[serde(rename(serialize = "card[0]", deserialize = "card.number"), alias = "[card]")]
    number: u32,
    #[event(sensitive)]
    pin_code: Option<u16>,
    #[event(sensitive)]
    #[serde(rename = "a\"b\\.c")]
    by_owner: BTreeMap<String, Inner>,
    #[serde(default)]
    open: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Inner {
    n: u32,
    choice: Choice,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(untagged)]
enum Choice {
    Checked(Checked),
    Number(u32),
}

/// A sensitive struct whose members lie in the frame itself.
#[event(type = "test.sensitive.flat")]
struct Flattened {
    open: u32,
    #[event(sensitive)]
    #[serde(flatten)]
    hidden: Hidden,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Hidden {
    pin: u32,
    by_owner: BTreeMap<String, u32>,
}

/// The old version says what is sensitive, and the new one does not have it any more.
#[event(type = "test.sensitive.versions", version = 1)]
struct OldCard {
    #[event(sensitive)]
    number: u64,
}

#[event(type = "test.sensitive.versions", version = 2, upcasts = OldCard)]
struct NewCard {
    last_digits: u64,
}

impl From<OldCard> for NewCard {
    fn from(old: OldCard) -> Self {
        Self { last_digits: old.number % 10_000 }
    }
}

/// All that an error says.
fn all_of(error: &atoms::DecodeError) -> String {
    let told = atoms::EventInvalid::from(error);
    let mut all = format!("{error} {error:?} {error:#?} {} {told:?}", error.path());
    let mut source = std::error::Error::source(error);
    while let Some(error) = source {
        all += &format!(" {error} {error:?}");
        source = error.source();
    }
    all
}

#[test]
fn a_name_of_any_letters_keeps_the_value() {
    let inner = |json: &str| format!(r#"{{"o":{json}}}"#);
    for (key, value, field) in [
        ("card.number", r#""hunter2""#.to_owned(), "card.number"),
        ("card\\u002enumber", r#""hunter2""#.to_owned(), "card.number"),
        ("[card]", r#"["hunter2"]"#.to_owned(), "[card]"),
        ("PIN-CODE", r#""hunter2""#.to_owned(), "PIN-CODE"),
        (r#"a\"b\\.c"#, r#"{"hunter2":1}"#.to_owned(), "a\"b\\.c"),
        (r#"a\"b\\.c"#, inner(r#"{"hunter2":1}"#), "a\"b\\.c"),
        (r#"a\"b\\.c"#, inner(r#"{"n":1,"choice":"hunter2"}"#), "a\"b\\.c"),
        (r#"a\"b\\.c"#, inner(r#"{"n":"hunter2","choice":1}"#), "a\"b\\.c"),
    ] {
        for frame in [
            format!(r#"{{"type":"test.sensitive.names","{key}":{value}}}"#),
            format!(r#"{{"OPEN":"x","{key}":{value},"type":"test.sensitive.names"}}"#),
        ] {
            let error = decode(&frame).unwrap_err();
            assert!(!all_of(&error).contains("hunter2"), "{}", all_of(&error));
            assert_eq!(error.path(), field, "{error}");
        }
    }
    let error = decode(r#"{"type":"test.sensitive.names","OPEN":["hunter2"]}"#).unwrap_err();
    assert!(error.path() == "OPEN" && error.to_string().contains("expected a string"), "{error}");
}

#[test]
fn a_flattened_field_keeps_its_values() {
    for members in [
        r#""pin":"hunter2","by_owner":{}"#,
        r#""pin":1,"by_owner":"hunter2""#,
        r#""pin":1,"by_owner":{"hunter2":"hunter2"}"#,
    ] {
        let error = decode(&format!(r#"{{"type":"test.sensitive.flat","open":1,{members}}}"#)).unwrap_err();
        assert!(!all_of(&error).contains("hunter2"), "{}", all_of(&error));
    }
    assert!(decode(r#"{"type":"test.sensitive.flat","open":1,"pin":1,"by_owner":{}}"#).is_ok());
}

#[test]
fn an_old_version_keeps_its_values() {
    for number in [r#""hunter2""#, r#"{"hunter2":1}"#, r#"["hunter2"]"#] {
        let error =
            decode(&format!(r#"{{"type":"test.sensitive.versions","number":{number}}}"#)).unwrap_err();
        assert!(!all_of(&error).contains("hunter2"), "{}", all_of(&error));
        assert_eq!(error.path(), "number");
    }
}

proptest! {
    #[test]
    fn a_wrong_value_of_a_sensitive_field_shows_nowhere(
        wrong in proptest::sample::select(vec![
            r#""hunter2""#, r#"["hunter2"]"#, r#"{"hunter2":[1]}"#, r#"{"o":{"n":"hunter2"}}"#, r#"[[],"hunter2"]"#,
            r#"{"o":{"n":1,"choice":{"hunter2":1}}}"#, r#"["\n",{"a":"hunter2"}]"#, r#""hunter2\" at line 1 column 2""#,
        ]),
        key in proptest::sample::select(vec!["card.number", "[card]", "PIN-CODE", r#"a\"b\\.c"#]),
        before in proptest::sample::select(vec!["", r#""OPEN":"x","#, r#""x":[{"y":"z"}],"#]),
        after in proptest::sample::select(vec!["", r#","OPEN":"x""#, r#","x":[{"y":"z"}]"#, ",", "}", "]"]),
        space in "[ \r\n]{0,2}",
    ) {
        let frame = format!(
            r#"{{"type":"test.sensitive.names",{before}{space}"{key}"{space}:{space}{wrong}{space}{after}}}"#
        );
        let error = decode(&frame).unwrap_err();
        prop_assert!(!all_of(&error).contains("hunter2"), "{}", all_of(&error));
    }
}

#[test]
fn a_message_quotes_no_more_of_a_value_than_one_can_read() {
    let error = decode(&format!(r#"{{"type":"test.one","n":"{}"}}"#, "é".repeat(100_000))).unwrap_err();
    assert_eq!(error.path(), "n");
    assert!(error.to_string().len() < 400, "{}", error.to_string().len());
    assert!(error.to_string().contains("expected "), "{error}");
}
