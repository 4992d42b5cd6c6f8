//! The order of keys, the space between them and how they are spelled mean nothing.

use std::collections::BTreeMap;

use atoms::{AnyEvent, Envelope};
use proptest::prelude::*;
use serde_json::value::RawValue;

use super::events::{Kinds, kinds};
use super::{encode, read, refusal};

/// A key as JSON text, where the letters that `escaped` says are written as `\u....`.
fn quoted(key: &str, escaped: u32) -> String {
    let mut text = String::from("\"");
    for (at, letter) in key.chars().enumerate() {
        if escaped >> (at % 32) & 1 == 1 || letter.is_control() {
            let mut units = [0; 2];
            letter.encode_utf16(&mut units).iter().for_each(|unit| text += &format!("\\u{unit:04x}"));
        } else {
            text.extend(matches!(letter, '"' | '\\').then_some('\\'));
            text.push(letter);
        }
    }
    text + "\""
}

/// An object of these members, with this space between all tokens.
fn object<'a>(members: impl IntoIterator<Item = (&'a str, &'a str, u32)>, space: &str) -> String {
    let members: Vec<String> = members
        .into_iter()
        .map(|(key, value, escaped)| format!("{space}{}{space}:{space}{value}{space}", quoted(key, escaped)))
        .collect();
    format!("{space}{{{}}}{space}", members.join(","))
}

/// A member of a frame, with the pattern of the escapes in its key.
type Member = ((String, Box<RawValue>), u32);

/// The members of a frame in any order, each with a pattern of escapes.
fn shuffled() -> impl Strategy<Value = (Kinds, Vec<Member>)> {
    kinds().prop_flat_map(|event| {
        let frame = encode(&AnyEvent::from(Envelope::new(event.clone())));
        let members: BTreeMap<String, Box<RawValue>> = serde_json::from_str(&frame).unwrap();
        let members: Vec<_> = members.into_iter().collect();
        let escapes = prop_oneof![3 => Just(0_u32), 1 => any::<u32>()];
        let escapes = proptest::collection::vec(escapes, members.len());
        (Just(event), Just(members).prop_shuffle(), escapes)
            .prop_map(|(event, members, escapes)| (event, members.into_iter().zip(escapes).collect()))
    })
}

proptest! {
    #[test]
    fn keys_in_any_order_and_spelling_are_the_same_event(
        (event, members) in shuffled(), space in "[ \t\r\n]{0,3}",
    ) {
        let members = members.iter().map(|((key, value), escaped)| (key.as_str(), value.get(), *escaped));
        let frame = object(members, &space);
        let read = read::<Kinds>(&frame);
        prop_assert_eq!(read.event(), &event);
    }
}

/// The members of a frame, in each order.
fn permutations<T: Clone>(items: &[T]) -> Vec<Vec<T>> {
    let Some((first, rest)) = items.split_first() else { return vec![Vec::new()] };
    let rest = permutations(rest);
    let insert = |at: usize, order: &Vec<T>| {
        let mut order = order.clone();
        order.insert(at, first.clone());
        order
    };
    rest.iter().flat_map(|order| (0..=order.len()).map(move |at| insert(at, order))).collect()
}

#[test]
fn the_type_is_found_among_members_that_look_like_it() {
    let members = [
        ("type", r#""test.any""#),
        ("value", r#"{"type":"test.one","n":1}"#),
        ("types", r#"["type",{"type":"no"}]"#),
        ("text", r#""\",\"type\":\"no""#),
        ("\"type", r#""no""#),
        ("type\\", r#""\\""#),
    ];
    let orders = permutations(&members);
    assert_eq!(orders.len(), 720);
    for order in orders {
        let frame = object(order.into_iter().map(|(key, value)| (key, value, 0)), "");
        assert_eq!(read::<super::events::AnyJson>(&frame).value["n"], 1, "{frame}");
    }
}

#[test]
fn a_key_that_is_there_twice_is_an_error() {
    for (key, value) in [("type", r#""test.one""#), ("id", r#""x""#), ("metadata", "{}"), ("n", "1")] {
        for twice in [[0, 0], [0, 2], [2, 0], [u32::MAX, 0]] {
            let mut members =
                vec![("a", "1", 0), ("n", "1", 0), ("z", "\"\"", 0), ("type", r#""test.one""#, 0)];
            members.retain(|(name, ..)| *name != key);
            members.insert(0, (key, value, twice[0]));
            members.insert(2, (key, value, twice[1]));
            let message = refusal(&object(members, " "));
            assert!(message.contains(&format!("duplicate field `{key}`")), "{message}");
        }
    }
}

#[test]
fn a_key_of_an_unknown_type_that_is_there_twice_is_an_error() {
    for key in ["type", "id", "timestamp", "metadata"] {
        let value = if key == "metadata" { "{}" } else { r#""2026-11-21T00:38:00Z""# };
        let frame = object([(key, value, 0), ("type", r#""x.y""#, 0), (key, value, 0)], "");
        assert!(refusal(&frame).contains(&format!("duplicate field `{key}`")), "{frame}");
    }
}
