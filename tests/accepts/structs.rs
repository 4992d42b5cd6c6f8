//! Events of all shapes.

use std::collections::BTreeMap;

use atoms::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::{from_value, json, to_value};

#[event(type = "structs.unit")]
struct Unit;

#[event(type = "structs.empty", must_handle)]
struct Empty {}

atoms::testing::handled!(Empty);

#[test]
fn an_event_needs_no_fields() {
    assert_eq!((Unit::TYPE, Unit::MUST_HANDLE), ("structs.unit", false));
    assert_eq!((Empty::TYPE, Empty::MUST_HANDLE), ("structs.empty", true));
    assert!(Unit::event_type().path().ends_with("::structs::Unit"));
}

/// All that may stand on a struct and its fields.
#[event(type = "structs.full", deny_unknown_fields)]
#[derive(Default, PartialEq)]
#[serde(rename_all = "camelCase")]
#[must_use]
pub(crate) struct Full {
    /// With a doc comment.
    pub(crate) order_id: String,
    #[serde(rename = "n", alias = "number")]
    count: u64,
    #[event(default = Vec::<(u8, u8)>::with_capacity(Self::ROOM))]
    pairs: Vec<(u8, u8)>,
    #[event(default = if 1 < 2 { "EUR".into() } else { String::new() })]
    currency: String,
    #[serde(skip)]
    unserializable: std::marker::PhantomData<fn()>,
    #[serde(default, with = "as_text")]
    with: NotSerializable,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(all(), serde(rename = "maybe"))]
    optional: Option<Address>,
    #[cfg(any())]
    not_there: NotThere,
    #[cfg(not(any()))]
    #[event(default = 3)]
    r#match: i8,
    #[serde(skip)]
    id: u8,
}

impl Full {
    const ROOM: usize = 4;
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Address {
    city: String,
}

#[derive(Debug, Clone, Default, PartialEq)]
struct NotSerializable(u8);

mod as_text {
    use super::*;

    pub(super) fn serialize<S: serde::Serializer>(value: &NotSerializable, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&value.0)
    }

    pub(super) fn deserialize<'de, D: serde::Deserializer<'de>>(
        from: D,
    ) -> Result<NotSerializable, D::Error> {
        let text = String::deserialize(from)?;
        text.parse().map(NotSerializable).map_err(serde::de::Error::custom)
    }
}

#[test]
fn what_is_missing_is_the_default() {
    let full: Full = from_value(json!({ "orderId": "o-1", "number": 2, "maybe": { "city": "x" } })).unwrap();
    let address = Address { city: "x".into() };
    let expected = Full {
        order_id: "o-1".into(),
        count: 2,
        currency: "EUR".into(),
        optional: Some(address),
        r#match: 3,
        ..Full::default()
    };
    assert_eq!(full, expected);
    let expected = json!({
        "orderId": "o-1", "n": 2, "pairs": [], "currency": "EUR", "with": "0", "maybe": { "city": "x" }, "match": 3
    });
    assert_eq!(to_value(&full).unwrap(), expected);
}

#[test]
fn unknown_fields_are_denied_if_the_event_says_so() {
    const { assert!(Full::DENY_UNKNOWN_FIELDS) };
    const { assert!(!Unit::DENY_UNKNOWN_FIELDS) };
    let error = from_value::<Full>(json!({ "orderId": "o-1", "number": 2, "x": 1 })).unwrap_err();
    assert!(error.to_string().contains("unknown field `x`"), "{error}");
}

#[event(type = "structs.sensitive")]
struct Sensitive {
    name: String,
    #[event(sensitive, default = Secret(7))]
    secret: Secret,
    #[event(sensitive)]
    #[serde(rename(deserialize = "kind"), alias = "sort")]
    r#type_: Option<u8>,
}

/// Has no `Debug`.
#[derive(Clone, Serialize, Deserialize)]
struct Secret(u8);

#[test]
fn sensitive_fields_are_not_shown() {
    let event: Sensitive = from_value(json!({ "name": "n" })).unwrap();
    assert_eq!(format!("{event:?}"), r#"Sensitive { name: "n", secret: [redacted], type_: [redacted] }"#);
    assert_eq!(event.secret.0, 7);
    assert_eq!(Sensitive::SENSITIVE, ["secret", "kind", "sort", "type_"]);
}

#[event(type = "structs.flattened")]
struct Flattened {
    count: u64,
    #[serde(flatten)]
    rest: BTreeMap<String, u64>,
}

#[test]
fn a_field_may_be_flattened() {
    let event: Flattened = from_value(json!({ "count": 1, "a": 2 })).unwrap();
    assert_eq!((event.count, event.rest["a"]), (1, 2));
}

#[event(type = "structs.own_derives")]
#[derive(Debug, Serialize, ::std::clone::Clone, serde::Deserialize)]
#[serde(crate = "serde", deny_unknown_fields)]
struct OwnDerives {
    #[event(default = 1)]
    count: u64,
}

#[event(type = "structs.own_serialize")]
#[derive(serde::Serialize)]
struct OwnSerialize {
    count: u64,
}

#[test]
fn derives_beside_it_count() {
    const { assert!(OwnDerives::DENY_UNKNOWN_FIELDS) };
    assert_eq!(from_value::<OwnDerives>(json!({})).unwrap().clone().count, 1);
    assert_eq!(to_value(OwnSerialize { count: 1 }).unwrap(), json!({ "count": 1 }));
}

#[event(type = "allowed")]
#[allow(deprecated)]
struct Allowed;

#[expect(deprecated, reason = "an old name on the wire")]
#[event(type = "expected")]
struct Expected;

#[event(type = "system.started", framework)]
struct OfTheFramework;

#[event(type = "started", framework)]
struct WithoutNamespace;

#[test]
fn a_type_needs_no_namespace() {
    assert_eq!([Allowed::TYPE, Expected::TYPE], ["allowed", "expected"]);
    assert_eq!([OfTheFramework::TYPE, WithoutNamespace::TYPE], ["system.started", "started"]);
}

#[event(type = "structs.old")]
struct Old {
    #[deprecated]
    #[event(sensitive)]
    count: u64,
    #[deprecated(note = "gone")]
    other: u64,
}

#[test]
#[expect(deprecated)]
fn a_field_may_be_deprecated() {
    assert_eq!(format!("{:?}", Old { count: 1, other: 2 }), "Old { count: [redacted], other: 2 }");
}

/// Types that are checked, under several names, in each other, and called as others that are refused.
#[event(type = "structs.tree")]
struct Tree {
    branches: Vec<Tree>,
    named: BTreeMap<String, Tree>,
    wrapped: Wrapped<Tree>,
    leaf: Option<Box<Leaf>>,
    wrapped_leaf: Wrapped<Leaf>,
    itself: Vec<Self>,
    plain: Plain,
    same: SameAsPlain,
    arrays: ([Plain; 2], [SameAsPlain; 2]),
    #[serde(skip)]
    skipped: Plain,
    #[event(sensitive)]
    secret: Option<SameAsPlain>,
    sender: Sender,
    at: Instant,
    text: std::borrow::Cow<'static, str>,
    raw: Option<Box<serde_json::value::RawValue>>,
}

#[event(type = "structs.leaf")]
struct Leaf {
    tree: Option<Box<Tree>>,
    trees: BTreeMap<String, Tree>,
    in_wrapper: Wrapped<Tree>,
    #[serde(flatten)]
    plain: Plain,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Wrapped<T>(Vec<T>);

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Plain {
    leaves: Vec<Leaf>,
}

type SameAsPlain = Plain;

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Sender;

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Instant;

#[test]
fn events_may_hold_each_other() {
    fn is_event<E: Event>() {}
    is_event::<Tree>();
    is_event::<Leaf>();
    let json = json!({ "tree": null, "trees": {}, "in_wrapper": [], "leaves": [] });
    let leaf: Leaf = from_value(json.clone()).unwrap();
    assert_eq!(to_value(leaf.clone()).unwrap(), json);
    assert_eq!(
        format!("{leaf:?}"),
        "Leaf { tree: None, trees: {}, in_wrapper: Wrapped([]), plain: Plain { leaves: [] } }"
    );
    let plain = json!({ "leaves": [json] });
    let json = json!({
        "branches": [], "named": {}, "wrapped": [], "leaf": json, "wrapped_leaf": [], "itself": [], "plain": plain, "same": plain,
        "arrays": [[plain, plain], [plain, plain]], "secret": null, "sender": null, "at": null, "text": "x", "raw": null
    });
    let tree: Tree = from_value(json.clone()).unwrap();
    assert!(tree.skipped.leaves.is_empty());
    assert_eq!(to_value(tree.clone()).unwrap(), json);
}
