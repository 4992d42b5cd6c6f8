//! Bytes of any kind: nothing panics or hangs, and what is read is what `serde_json` alone reads.

use atoms::{AnyEvent, Bus, DecodeError, DecodeErrorKind, Envelope};
use proptest::collection::vec;
use proptest::prelude::*;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::events::kinds;
use super::{decode, encode};

/// What frames are made of.
const TOKENS: [&str; 45] = [
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"",
    "\\",
    " ",
    "\n",
    "\"type\"",
    "\"type\":",
    "\"test.one\"",
    "\"no.such\"",
    "\"type\":\"test.one\"",
    ",\"type\":\"no.such\"",
    "{\"type\":\"test.one\",\"n\":",
    "\"n\":5",
    "\"id\":",
    "\"id\":\"x\"",
    "\"\\u0074ype\"",
    "\\\"",
    "\\u00",
    "\\ud800",
    "1",
    "-",
    "0",
    ".5",
    "e9",
    "null",
    "true",
    "\"\"",
    "{}",
    "[]",
    "\"timestamp\":",
    "\"2025-01-02T03:04:05\"",
    "\"metadata\":{}",
    "é",
    "\u{feff}",
    "\u{0}",
    "\"id\":null",
    "\"id\":\"\\n\"",
    "\u{202e}",
    "\"\\u001b\"",
    "\"metadata\":null",
];

/// Tokens in any order, now and then an object of members.
fn soup() -> impl Strategy<Value = String> {
    let token = || proptest::sample::select(TOKENS.to_vec());
    let value = prop_oneof![
        proptest::sample::select(vec![
            "5",
            "\"test.one\"",
            "\"no.such\"",
            "{}",
            "[1]",
            "null",
            "\"a\\u0007\"",
            "\"\\\"type\\\":\\\"x\""
        ]),
        token(),
    ];
    let key = proptest::sample::select(vec![
        "\"type\"",
        "\"n\"",
        "\"id\"",
        "\"a\\\"type\"",
        "\"ty\\u0070e\"",
        "\"\"",
    ]);
    let members = vec((key, value), 0..5).prop_map(|members| {
        let members: Vec<String> = members.into_iter().map(|(key, value)| format!("{key}:{value}")).collect();
        format!("{{{}}}", members.join(","))
    });
    prop_oneof![vec(token(), 0..30).prop_map(|tokens| tokens.concat()), members]
}

/// The types that a frame says it has, as `serde_json` reads it; `None` if it is no sound object.
fn types(frame: &str) -> Option<Vec<Option<String>>> {
    struct Types(Vec<Option<String>>);

    impl<'de> Deserialize<'de> for Types {
        fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            struct Visitor;

            impl<'de> serde::de::Visitor<'de> for Visitor {
                type Value = Types;

                fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    f.write_str("an object")
                }

                fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Types, A::Error> {
                    let mut types = Vec::new();
                    while let Some(key) = map.next_key::<String>()? {
                        let value: &RawValue = map.next_value()?;
                        if key == "type" {
                            types.push(serde_json::from_str(value.get()).ok());
                        }
                    }
                    Ok(Types(types))
                }
            }

            deserializer.deserialize_map(Visitor)
        }
    }

    serde_json::from_str(frame).ok().map(|Types(types)| types)
}

fn check(frame: &str) -> Result<(), TestCaseError> {
    let types = types(frame);
    match decode(frame) {
        Ok(event) => {
            prop_assert_eq!(types, Some(vec![Some(event.event_type().to_owned())]));
            prop_assert!(is_plain(event.event_type()) && is_plain(&event.id().to_string()));
            if event.as_raw().is_some() {
                prop_assert_eq!(encode(&event), frame);
            } else {
                let written = encode(&event);
                prop_assert_eq!(decode(&written).map(|event| encode(&event)).ok(), Some(written));
            }
        }
        Err(error) => {
            check_error(frame, &error)?;
            if let Some([Some(name)]) = types.as_deref() {
                // What is sound and has one type is refused for its envelope or its fields alone.
                prop_assert_eq!(error.event_type(), Some(name.as_str()));
                let has_envelope = ["id", "timestamp", "metadata"].iter().any(|key| frame.contains(key));
                prop_assert!(has_envelope || name != "no.such", "{}", error);
            }
        }
    }
    Ok(())
}

/// Whether a log shows it as it is.
fn is_plain(text: &str) -> bool {
    !text.contains(|letter: char| letter.is_control() || letter == '\u{202e}')
}

/// An error is one of what is read, and names a place in it.
fn check_error(frame: &str, error: &DecodeError) -> Result<(), TestCaseError> {
    use DecodeErrorKind::{Envelope, Payload, Syntax};
    prop_assert!(matches!(error.kind(), Envelope(_) | Payload(_) | Syntax(_)), "{}", error);
    let place = error.place();
    prop_assert!(place.is_some_and(|place| place.line <= frame.split('\n').count()), "{}", error);
    let line = place.and_then(|place| frame.split('\n').nth(place.line - 1)).unwrap_or_default();
    prop_assert!(place.is_some_and(|place| place.column <= line.len() + 1), "{}", error);
    let message = error.to_string();
    prop_assert!(message.starts_with("cannot decode ") && is_plain(&message) && message.len() < 2_000);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn bytes_of_any_kind_are_read_or_refused(bytes: Vec<u8>) {
        let bus = Bus::start().unwrap();
        let is_read = block_on(bus.receive(&bytes)).is_ok();
        prop_assert_eq!(is_read, bus.decode(&bytes).is_ok());
    }

    #[test]
    fn tokens_in_any_order_are_read_as_serde_json_reads_them(frame in soup()) {
        check(&frame)?;
    }

    #[test]
    fn a_frame_with_a_mistake_is_read_or_refused(
        event in kinds(),
        mistakes in vec((any::<prop::sample::Index>(), any::<u8>(), 0..4_u8), 1..4),
    ) {
        let mut frame = encode(&AnyEvent::from(Envelope::new(event))).into_bytes();
        for (place, byte, mistake) in mistakes {
            let at = place.index(frame.len());
            match mistake {
                0 => frame[at] = byte,
                1 => frame.insert(at, byte),
                2 if frame.len() > 1 => drop(frame.remove(at)),
                _ => frame.truncate(at.max(1)),
            }
        }
        match str::from_utf8(&frame) {
            Ok(frame) => check(frame)?,
            Err(_) => {
                let error = super::BUS.decode(&frame).unwrap_err();
                prop_assert!(matches!(error.kind(), DecodeErrorKind::NotUtf8(_)));
            }
        }
    }
}

fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}
