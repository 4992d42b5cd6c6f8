//! `#[derive(Event)]` has the same keys.

use atoms::prelude::*;
use serde::{Deserialize, Serialize};

use super::{encode, read};

#[derive(Debug, Clone, Serialize, Deserialize, Event)]
#[event(type = "versions.order", version = 1)]
struct OrderV1 {
    count: u32,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(type = "versions.order", version = 2, upcasts = self::OrderV1)]
pub(crate) struct Order {
    #[event(key)]
    counts: Vec<u32>,
}

impl From<OrderV1> for Order {
    fn from(old: OrderV1) -> Self {
        Self { counts: vec![old.count] }
    }
}

#[test]
fn a_derived_event_has_versions() {
    let order = read::<Order>(r#"{"type":"versions.order","count":5}"#);
    assert_eq!(order.event(), &Order { counts: vec![5] });
    assert!(encode(order).contains(r#""metadata":{"schema_version":"2"},"counts":[5]"#));
}

#[test]
fn a_derived_event_has_a_key() {
    let order = |counts: &[u32]| Order { counts: counts.into() };
    assert!(order(&[5]).key().is_some());
    assert_eq!(order(&[5, 6]).key(), order(&[5, 6]).key());
    assert_ne!(order(&[5, 6]).key(), order(&[6, 5]).key());
    assert_eq!(OrderV1 { count: 5 }.key(), None);
}

/// A `macro_rules!` writes both versions, and the path to the framework.
macro_rules! versions {
    ($old:ident, $new:ident, $type:literal, $field:ident: $ty:ty) => {
        #[atoms::event(type = $type)]
        pub(crate) struct $old {
            #[event(key)]
            $field: $ty,
        }

        #[atoms::event(type = $type, version = 2, upcasts = $old, crate = ::atoms)]
        pub(crate) struct $new {
            #[event(key)]
            $field: $ty,
        }

        impl From<$old> for $new {
            fn from(old: $old) -> Self {
                Self { $field: old.$field }
            }
        }
    };
}

versions!(MadeV1, Made, "versions.made", number: u64);

#[test]
fn a_macro_may_write_the_versions_of_an_event() {
    let bus = Bus::builder().without_discovery().event::<Made>().start().unwrap();
    let made = bus.decode(br#"{"type":"versions.made","number":5}"#).unwrap().downcast::<Made>().unwrap();
    assert_eq!(made.number, 5);
    assert_eq!(made.key(), MadeV1 { number: 5 }.key());
}
