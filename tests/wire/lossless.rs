//! What is written can be read as the same event, or is not written.

use std::collections::{BTreeMap, HashMap};

use atoms::prelude::*;
use atoms::{Codec, DynamicError, DynamicEvent, EncodeError, EncodeErrorKind, JsonCodec, Registry};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::BUS;

/// Fields that may not come back.
#[event(type = "test.lossless")]
#[derive(PartialEq)]
struct Rich {
    number: f64,
    small: Option<f32>,
    list: Vec<Option<f64>>,
    by_id: BTreeMap<u32, f64>,
    huge: u128,
    tree: Tree,
    inner: Inner,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Tree {
    Leaf(f64),
    Pair { left: f32, right: (i128, f64) },
    List(Vec<Tree>),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Inner {
    n: u8,
    #[serde(flatten)]
    rest: BTreeMap<String, f64>,
}

/// Something flattened into the event itself.
#[event(type = "test.lossless.flat")]
#[derive(PartialEq)]
struct Flat {
    n: u8,
    own: u128,
    #[serde(flatten)]
    price: Price,
    #[serde(flatten)]
    rest: BTreeMap<String, Choice>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Price {
    cents: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum Choice {
    Small(u8),
    ById(BTreeMap<u32, u8>),
    Text(String),
    Huge(u128),
}

fn number() -> impl Strategy<Value = f64> {
    prop_oneof![9 => any::<f64>(), 1 => Just(f64::NAN), 1 => Just(f64::INFINITY), 1 => Just(f64::NEG_INFINITY)]
}

/// Mostly finite numbers, so that most events can be written.
fn mostly_finite() -> impl Strategy<Value = f64> {
    prop_oneof![30 => -1e300..1e300_f64, 1 => number()]
}

fn tree() -> impl Strategy<Value = Tree> {
    let leaf = prop_oneof![
        mostly_finite().prop_map(Tree::Leaf),
        (mostly_finite(), any::<i128>(), mostly_finite())
            .prop_map(|(left, huge, right)| Tree::Pair { left: left as f32, right: (huge, right) }),
    ];
    leaf.prop_recursive(3, 8, 3, |tree| vec(tree, 0..3).prop_map(Tree::List))
}

fn rich() -> impl Strategy<Value = Rich> {
    let lists =
        (vec(proptest::option::of(mostly_finite()), 0..3), btree_map(any::<u32>(), mostly_finite(), 0..3));
    let inner = (any::<u8>(), btree_map("[a-z]{1,2}|n", mostly_finite(), 0..3));
    (mostly_finite(), proptest::option::of(-1e30..1e30_f32), lists, any::<u128>(), tree(), inner).prop_map(
        |(number, small, (list, by_id), huge, tree, (n, rest))| Rich {
            number,
            small,
            list,
            by_id,
            huge,
            tree,
            inner: Inner { n, rest },
        },
    )
}

fn flat() -> impl Strategy<Value = Flat> {
    let choice = prop_oneof![
        4 => any::<u8>().prop_map(Choice::Small),
        1 => btree_map(any::<u32>(), any::<u8>(), 0..3).prop_map(Choice::ById),
        1 => (300..u128::MAX).prop_map(Choice::Huge),
        4 => "[a-z]{0,3}".prop_map(Choice::Text),
    ];
    let rest = btree_map("[a-z]{1,2}|n|cents|id|type|metadata", choice, 0..4);
    (any::<u8>(), any::<u128>(), any::<u64>(), rest).prop_map(|(n, own, cents, mut rest)| {
        // The whole rest has the other fields' members as well, as serde reads it.
        rest.remove("cents");
        Flat { n, own, price: Price { cents }, rest }
    })
}

fn encoded<E: Event>(event: E) -> Result<Vec<u8>, EncodeError> {
    BUS.encode(&AnyEvent::from(Envelope::new(event)))
}

/// Whether the event was written, and came back.
fn comes_back<E: Event + PartialEq>(event: E) -> Result<bool, TestCaseError> {
    let Ok(frame) = encoded(event.clone()) else { return Ok(false) };
    let back = BUS.decode(&frame).map_err(|error| TestCaseError::fail(format!("{error}: {event:?}")))?;
    prop_assert_eq!(back.downcast_ref::<E>().unwrap().event(), &event);
    Ok(true)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn an_event_that_is_written_comes_back_as_it_was(event in rich()) {
        let text = format!("{event:?}");
        let is_finite = !text.contains("NaN") && !text.contains("inf");
        let is_unique = !event.inner.rest.contains_key("n");
        prop_assert_eq!(comes_back(event)?, is_finite && is_unique, "{}", text);
    }

    #[test]
    fn an_event_with_something_flattened_that_is_written_comes_back_as_it_was(event in flat()) {
        comes_back(event)?;
    }
}

#[event(type = "test.lossless.numbers")]
struct Numbers {
    f: f64,
    maybe: Option<f32>,
    nested: Vec<BTreeMap<String, f64>>,
}

#[test]
fn a_number_that_is_not_finite_is_refused_at_its_place() {
    let sound = || Numbers { f: 1.5, maybe: None, nested: vec![BTreeMap::new()] };
    assert!(encoded(sound()).is_ok());
    let nested = |n| vec![BTreeMap::new(), BTreeMap::from([("a".into(), 1.0), ("b".into(), n)])];
    for (event, path, number) in [
        (Numbers { f: f64::NAN, ..sound() }, "f", "NaN"),
        (Numbers { maybe: Some(f32::INFINITY), ..sound() }, "maybe", "inf"),
        (Numbers { nested: nested(f64::NEG_INFINITY), ..sound() }, "nested[1].b", "-inf"),
    ] {
        let mut out = b"x".to_vec();
        let error = JsonCodec.encode(&Envelope::new(event).into(), &mut out).unwrap_err();
        assert_eq!((error.path(), &*out), (path, &b"x"[..]));
        assert!(matches!(error.kind(), EncodeErrorKind::Payload(_)));
        let expected = format!("cannot encode `test.lossless.numbers`: at `{path}`: JSON has no {number};");
        assert!(error.to_string().starts_with(&expected), "{error}");
    }
}

#[test]
fn serde_refuses_the_same_numbers_in_an_envelope() {
    let event = Numbers { f: f64::NAN, maybe: None, nested: Vec::new() };
    let error = serde_json::to_string(&Envelope::new(event)).unwrap_err();
    assert!(error.to_string().starts_with("JSON has no NaN"), "{error}");
}

#[event(type = "test.lossless.repeated")]
struct Repeated {
    n: u8,
    #[serde(flatten)]
    rest: HashMap<String, u8>,
    #[serde(flatten)]
    more: HashMap<String, u8>,
}

#[test]
fn a_flattened_map_that_repeats_a_key_is_refused_at_the_key() {
    let map = |key: &str| HashMap::from([(key.to_owned(), 2)]);
    for (rest, more, path) in [
        (map("n"), HashMap::new(), "n"),
        (map("x"), map("x"), "x"),
        (HashMap::new(), map("id"), "id"),
        (map("type"), HashMap::new(), "type"),
    ] {
        let error = encoded(Repeated { n: 1, rest, more }).unwrap_err();
        assert_eq!(error.path(), path);
        assert!(error.to_string().contains("the key is there already"), "{error}");
    }
    assert!(encoded(Repeated { n: 1, rest: map("x"), more: map("y") }).is_ok());
}

#[event(type = "test.lossless.buffered")]
struct Buffered {
    own: u128,
    own_by_id: BTreeMap<u32, u8>,
    #[serde(flatten)]
    inner: BufferedInner,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct BufferedInner {
    #[serde(skip_serializing_if = "Option::is_none")]
    huge: Option<u128>,
    #[serde(skip_serializing_if = "Option::is_none")]
    negative: Option<i128>,
    #[serde(default)]
    by_id: BTreeMap<u32, u8>,
}

#[event(type = "test.lossless.by_number")]
struct ByNumber {
    #[serde(flatten)]
    rest: BTreeMap<u32, u8>,
}

#[test]
fn what_serde_cannot_read_in_a_flattened_field_is_refused() {
    let inner = || BufferedInner { huge: None, negative: None, by_id: BTreeMap::new() };
    let event = |inner| Buffered { own: u128::MAX, own_by_id: BTreeMap::from([(7, 1)]), inner };
    let frame = encoded(event(inner())).unwrap();
    let back = BUS.decode(&frame).unwrap();
    let back = back.downcast_ref::<Buffered>().unwrap();
    assert_eq!((back.own, &back.own_by_id), (u128::MAX, &BTreeMap::from([(7, 1)])));
    for inner in [
        BufferedInner { huge: Some(1), ..inner() },
        BufferedInner { huge: Some(u128::MAX), ..inner() },
        BufferedInner { negative: Some(-1), ..inner() },
        BufferedInner { by_id: BTreeMap::from([(5, 5)]), ..inner() },
    ] {
        let error = encoded(event(inner)).unwrap_err();
        assert!(matches!(error.kind(), EncodeErrorKind::Unreadable(_)), "{error}");
        assert!(error.to_string().contains("the written event could not be read back: "), "{error}");
    }
    let error = encoded(ByNumber { rest: BTreeMap::from([(5, 5)]) }).unwrap_err();
    assert!(matches!(error.kind(), EncodeErrorKind::Unreadable(_)), "{error}");
}

#[event(type = "test.lossless.deep")]
struct Deep {
    tree: Option<Box<Nest>>,
    raw: Option<Box<RawValue>>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Nest(Vec<Nest>);

#[test]
fn what_lies_too_deep_to_be_read_is_not_written() {
    let nest = |levels: usize| Some(Box::new((1..levels).fold(Nest(vec![]), |inner, _| Nest(vec![inner]))));
    let raw = |levels: usize| RawValue::from_string("[".repeat(levels) + &"]".repeat(levels)).ok();
    // The event itself is the first level.
    let limit = JsonCodec::DEPTH_LIMIT - 1;
    for event in [Deep { tree: nest(limit), raw: None }, Deep { tree: None, raw: raw(limit) }] {
        assert!(BUS.decode(&encoded(event).unwrap()).is_ok());
    }
    for (event, path) in [
        (Deep { tree: nest(limit + 1), raw: None }, "tree"),
        (Deep { tree: None, raw: raw(limit + 1) }, "raw"),
    ] {
        let error = encoded(event).unwrap_err();
        assert!(matches!(error.kind(), EncodeErrorKind::TooDeep { limit: 127 }), "{error}");
        assert!(error.path().starts_with(path), "{error}");
    }
}

#[event(type = "test.lossless.secret")]
struct Secret {
    #[event(sensitive)]
    #[serde(rename = "card.numbers")]
    numbers: BTreeMap<String, f64>,
    #[event(sensitive)]
    #[serde(with = "talkative")]
    text: String,
}

/// Refuses a text, and quotes it.
mod talkative {
    use serde::{Deserialize as _, Deserializer, Serializer, ser::Error as _};

    pub(super) fn serialize<S: Serializer>(text: &str, serializer: S) -> Result<S::Ok, S::Error> {
        if text.is_empty() { serializer.serialize_str(text) } else { Err(S::Error::custom(text)) }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
        String::deserialize(deserializer)
    }
}

#[test]
fn an_error_of_writing_shows_no_sensitive_value() {
    let numbers = BTreeMap::from([("hunter2".to_owned(), f64::NAN)]);
    let error = encoded(Secret { numbers, text: String::new() }).unwrap_err();
    assert_eq!(error.path(), "card.numbers");
    let other = encoded(Secret { numbers: BTreeMap::new(), text: "hunter2".into() }).unwrap_err();
    assert_eq!(other.path(), "text");
    for error in [error, other] {
        assert!(error.to_string().contains("a sensitive value cannot be written"), "{error}");
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
    }
}

#[test]
fn an_argument_of_a_dynamic_event_is_a_finite_number() {
    let event = DynamicEvent::new("test.one").with("n", f64::NAN).into_event(Registry::linked());
    assert!(matches!(event, Err(DynamicError::Argument { ref name, .. }) if name == "n"), "{event:?}");
}
