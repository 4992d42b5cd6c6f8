//! `#[event(key)]` on a field.

use atoms::prelude::*;

#[event(type = "versions.key.created")]
struct OrderCreated {
    #[event(key)]
    order_id: String,
    count: u32,
}

#[event(type = "versions.key.sent")]
struct OrderSent {
    carrier: String,
    #[event(key, sensitive)]
    #[serde(rename = "order")]
    order_id: String,
}

/// Of two keys, one is there.
#[event(type = "versions.key.conditional")]
struct Conditional {
    #[cfg(test)]
    #[event(key)]
    tested: u64,
    #[cfg(not(test))]
    #[event(key)]
    untested: String,
}

#[event(type = "versions.key.none")]
struct Keyless {
    key: String,
}

#[derive(Debug, Clone, Hash, serde::Serialize, serde::Deserialize)]
struct Id(Vec<Option<u8>>);

#[event(type = "versions.key.nested")]
struct Nested {
    #[event(key)]
    part: Id,
}

fn created(order_id: &str, count: u32) -> OrderCreated {
    OrderCreated { order_id: order_id.into(), count }
}

#[test]
fn the_key_is_that_of_the_field_alone() {
    assert!(created("o-1", 1).key().is_some());
    assert_eq!(created("o-1", 1).key(), created("o-1", 2).key());
    assert_ne!(created("o-1", 1).key(), created("o-2", 1).key());
}

#[test]
fn equal_values_have_one_key_in_all_events() {
    let sent = OrderSent { carrier: "c".into(), order_id: "o-1".into() };
    assert_eq!(sent.key(), created("o-1", 1).key());
    assert_eq!(Envelope::new(sent).key(), created("o-1", 1).key());
}

#[test]
fn the_bytes_of_a_key_are_the_json_of_its_field() {
    assert_eq!(created("o-1", 1).key().unwrap().as_bytes(), br#""o-1""#);
    assert_eq!(Conditional { tested: 7 }.key().unwrap().as_bytes(), b"7");
    assert_eq!(Nested { part: Id(vec![Some(1), None]) }.key().unwrap().as_bytes(), b"[1,null]");
}

#[test]
fn without_a_key_field_there_is_no_key() {
    assert_eq!(Keyless { key: "o-1".into() }.key(), None);
    assert!(Conditional { tested: 1 }.key().is_some());
}
