//! `#[derive(Event)]`, with serde's derives written out or replaced.

use atoms::Event;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

#[derive(Debug, Clone, Serialize, Deserialize, Event)]
#[event(type = "derived.created", must_handle)]
#[event(crate = ::atoms)]
#[serde(deny_unknown_fields, rename_all = "UPPERCASE")]
struct Created {
    #[serde(default = "one")]
    count: u64,
    #[cfg(any())]
    not_there: NotThere,
}

fn one() -> u64 {
    1
}

atoms::testing::handled!(Created);

#[derive(Clone, Event)]
#[event(type = "derived.by_hand")]
struct ByHand {
    name: String,
    #[event(sensitive)]
    card: String,
}

impl Serialize for ByHand {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        [("name", &self.name), ("card", &self.card)].serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for ByHand {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|name| Self { name, card: String::new() })
    }
}

#[test]
fn serde_is_the_users() {
    assert_eq!(serde_json::from_str::<Created>("{}").unwrap().count, 1);
    assert_eq!(
        (Created::TYPE, Created::MUST_HANDLE, Created::DENY_UNKNOWN_FIELDS),
        ("derived.created", true, true)
    );
}

#[test]
fn sensitive_fields_are_not_shown() {
    let event: ByHand = serde_json::from_str("\"n\"").unwrap();
    assert_eq!(format!("{event:?}"), r#"ByHand { name: "n", card: [redacted] }"#);
}
