//! What serde's attributes on fields mean, they mean in an event.

use std::collections::BTreeMap;

use atoms::prelude::*;
use serde::{Deserialize, Serialize};

use super::{encode, read, refusal};

/// Attributes of all kinds.
#[event(type = "test.attributes")]
#[serde(rename_all = "camelCase")]
#[derive(PartialEq)]
struct Attributes {
    first_name: String,
    #[serde(alias = "surname", alias = "family_name")]
    last_name: String,
    #[serde(skip)]
    secret: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
    #[serde(default)]
    count: u32,
    #[event(default = vec![1, 2])]
    list: Vec<u8>,
    #[serde(with = "text_number")]
    number: u64,
}

/// A number that travels as text.
mod text_number {
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    pub(super) fn serialize<S: Serializer>(number: &u64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(number)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

#[test]
fn names_defaults_and_what_is_left_out() {
    let frame = r#"{"type":"test.attributes","firstName":"A","surname":"B","secret":7,"number":"5"}"#;
    let event = read::<Attributes>(frame);
    let expected = Attributes {
        first_name: "A".into(),
        last_name: "B".into(),
        secret: 0,
        note: None,
        count: 0,
        list: vec![1, 2],
        number: 5,
    };
    assert_eq!(event.event(), &expected);
    let written = encode(&AnyEvent::from(event));
    assert!(
        written.ends_with(r#","firstName":"A","lastName":"B","count":0,"list":[1,2],"number":"5"}"#),
        "{written}"
    );
    assert_eq!(read::<Attributes>(&written).event(), &expected);
    let twice = r#"{"type":"test.attributes","firstName":"A","surname":"B","lastName":"C","number":"5"}"#;
    assert!(refusal(twice).contains("duplicate field `lastName`"));
}

/// Fields of another struct, and all that nobody declares.
#[event(type = "test.flat")]
#[derive(PartialEq)]
struct Flat {
    own: u32,
    #[serde(flatten)]
    price: Price,
    #[serde(flatten)]
    more: BTreeMap<String, serde_json::Value>,
}

/// What is flattened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Price {
    cents: u32,
    currency: Option<String>,
}

#[test]
fn flattened_fields_lie_in_the_frame_and_the_envelope_is_not_among_them() {
    let frame = r#"{"x":[{"type":"no"}],"cents":5,"id":"f-1","own":1,"metadata":{"m":1},"type":"test.flat","y":null}"#;
    let event = read::<Flat>(frame);
    assert_eq!((event.own, event.price.cents, event.id().to_string()), (1, 5, "f-1".to_owned()));
    assert_eq!(event.more.keys().collect::<Vec<_>>(), ["x", "y"]);
    let written = encode(&AnyEvent::from(event.clone()));
    assert!(
        written.ends_with(
            r#""metadata":{"m":1},"own":1,"cents":5,"currency":null,"x":[{"type":"no"}],"y":null}"#
        ),
        "{written}"
    );
    assert_eq!(read::<Flat>(&written).event(), event.event());
}

#[test]
fn what_is_wrong_in_a_flattened_field_is_said() {
    let message = refusal(r#"{"type":"test.flat","own":1,"cents":"5"}"#);
    assert!(message.contains("cannot decode `test.flat`: at "), "{message}");
    assert!(message.contains("invalid type: string \"5\", expected u32"), "{message}");
}

/// A struct whose fields all have defaults.
#[event(type = "test.defaults")]
#[serde(default)]
#[derive(Default, PartialEq)]
struct Defaults {
    a: u32,
    b: Option<String>,
}

#[test]
fn a_default_of_the_whole_struct_fills_in_what_is_missing() {
    assert_eq!(read::<Defaults>(r#"{"type":"test.defaults"}"#).event(), &Defaults::default());
    let event = read::<Defaults>(r#"{"b":"x","type":"test.defaults"}"#);
    assert_eq!(event.event(), &Defaults { a: 0, b: Some("x".into()) });
}
