//! The events of these tests, and how `proptest` makes them.

use std::collections::BTreeMap;

use atoms::prelude::*;
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};

/// Fields of all kinds.
#[event(type = "test.kinds")]
#[derive(PartialEq)]
pub(crate) struct Kinds {
    pub(crate) flag: bool,
    pub(crate) numbers: Numbers,
    pub(crate) text: String,
    pub(crate) letter: char,
    pub(crate) maybe: Option<String>,
    pub(crate) list: Vec<Item>,
    pub(crate) pair: (u8, String),
    pub(crate) array: [u16; 3],
    pub(crate) unit: (),
    pub(crate) map: BTreeMap<String, i64>,
    pub(crate) choices: Vec<Choice>,
    pub(crate) boxed: Option<Box<Item>>,
    #[serde(rename = "camelCase")]
    pub(crate) renamed: u32,
    #[serde(rename = "quoted\"\\\u{e9}\n")]
    pub(crate) odd: u32,
    pub(crate) r#match: u32,
    #[serde(skip)]
    pub(crate) skipped: u32,
}

/// Numbers of all sizes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Numbers {
    small: i8,
    large: u64,
    negative: i64,
    huge: u128,
    huge_negative: i128,
    single: f32,
    double: f64,
}

/// An object in an object, with the names of the envelope.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Item {
    #[serde(rename = "type")]
    kind: String,
    id: u64,
    timestamp: Option<i32>,
    metadata: BTreeMap<String, String>,
}

/// All kinds of variants.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Choice {
    Unit,
    Newtype(i32),
    Tuple(i32, String),
    Struct { price: i32 },
}

/// Text that JSON has to take care with, or any.
pub(crate) fn text() -> impl Strategy<Value = String> {
    let nasty = ["", "type", "\"", "\\", "\",\"type\":\"x", "{}[],:", "\u{0}\n\t\u{7f}", "é\u{2028}😀"];
    prop_oneof![proptest::sample::select(nasty.to_vec()).prop_map(str::to_owned), any::<String>()]
}

fn numbers() -> impl Strategy<Value = Numbers> {
    let single = proptest::num::f32::NORMAL | proptest::num::f32::ZERO;
    let double = proptest::num::f64::NORMAL | proptest::num::f64::ZERO;
    (any::<i8>(), any::<u64>(), any::<i64>(), any::<u128>(), any::<i128>(), single, double).prop_map(
        |(small, large, negative, huge, huge_negative, single, double)| Numbers {
            small,
            large,
            negative,
            huge,
            huge_negative,
            single,
            double,
        },
    )
}

fn item() -> impl Strategy<Value = Item> {
    (text(), any::<u64>(), any::<Option<i32>>(), btree_map(text(), text(), 0..3))
        .prop_map(|(kind, id, timestamp, metadata)| Item { kind, id, timestamp, metadata })
}

fn choice() -> impl Strategy<Value = Choice> {
    prop_oneof![
        Just(Choice::Unit),
        any::<i32>().prop_map(Choice::Newtype),
        (any::<i32>(), text()).prop_map(|(number, text)| Choice::Tuple(number, text)),
        any::<i32>().prop_map(|price| Choice::Struct { price }),
    ]
}

/// Any event with fields of all kinds.
pub(crate) fn kinds() -> impl Strategy<Value = Kinds> {
    let scalars = (any::<bool>(), numbers(), text(), any::<char>(), proptest::option::of(text()));
    let many =
        (vec(item(), 0..3), (any::<u8>(), text()), any::<[u16; 3]>(), btree_map(text(), any::<i64>(), 0..4));
    let more = (vec(choice(), 0..4), proptest::option::of(item()), any::<[u32; 3]>());
    (scalars, many, more).prop_map(|(scalars, (list, pair, array, map), (choices, boxed, rest))| {
        let (flag, numbers, text, letter, maybe) = scalars;
        let [renamed, odd, r#match] = rest;
        Kinds {
            flag,
            numbers,
            text,
            letter,
            maybe,
            list,
            pair,
            array,
            unit: (),
            map,
            choices,
            boxed: boxed.map(Box::new),
            renamed,
            odd,
            r#match,
            skipped: 0,
        }
    })
}

/// No fields.
#[event(type = "test.unit")]
#[derive(PartialEq)]
pub(crate) struct Unit;

/// No fields, and none allowed.
#[event(type = "test.unit.strict", deny_unknown_fields)]
pub(crate) struct StrictUnit;

/// No fields in braces, and none allowed.
#[event(type = "test.braces.strict", deny_unknown_fields)]
pub(crate) struct StrictBraces {}

/// One field, and no other allowed.
#[event(type = "test.strict", deny_unknown_fields)]
pub(crate) struct Strict {
    pub(crate) n: u32,
}

/// One field, and others ignored.
#[event(type = "test.one")]
#[derive(PartialEq)]
pub(crate) struct One {
    pub(crate) n: u32,
}

/// Any JSON in a field.
#[event(type = "test.any")]
pub(crate) struct AnyJson {
    pub(crate) value: serde_json::Value,
}
